/** Managers hear which of their snapshots belong to kept lines: whenever that changes, and before anything of theirs goes back. */
import { asInterval, asToken, managerNotices } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { nameOf, wantedSnapshots } from '../state-interval/wanted.js'
import type { KeptSnapshot } from './kept-lines.js'
import { answerMs } from '../recovery/choose.js'
import { releaseOldest } from './release-oldest.js'

/** Tells every manager that runs the whole list of its snapshots; `also`: what the world is about to go back to. */
export function tellKept(machine: Machine, also: readonly KeptSnapshot[] = []): void {
  const wanted = [...wantedSnapshots(machine), ...also]
  const name = nameOf(wanted)
  const isSame = machine.wantedTold === name
  if ((machine.config.keepLines ?? 0) === 0 && machine.kept.all.length === 0 && isSame) return
  machine.wantedTold = name
  const kept = [
    ...new Map(
      [...machine.kept.snapshots(), ...wanted].map((each) => [nameOf([each]), each]),
    ).values(),
  ]
  for (const { port, state } of machine.managers.all()) {
    if (state !== 'running' || machine.keepsNothing.has(port)) continue
    const snapshots = kept
      .filter(({ manager }) => manager === port)
      .map(({ token, label }) => ({ cont: asToken(token), stateInterval: asInterval(label) }))
    invariant(
      snapshots.every(({ stateInterval }) => stateInterval > 0),
      'SI71: the empty container needs no snapshot',
      { port },
    )
    machine.messenger.call(
      port,
      managerNotices.snapshotsKept,
      { snapshots },
      (reply) => {
        if (reply.status === 'no_resource') releaseOldest(machine, reply.detail)
        if (reply.status !== 'not_supported') return
        machine.keepsNothing.add(port)
        leaveUnkept(machine)
      },
      answerMs,
    )
  }
}

/** Lines with a snapshot of a manager that keeps one of each container only are no use. */
export function leaveUnkept({ kept, keepsNothing }: Machine): void {
  kept.leave(({ record }) =>
    record.state.containers.some(
      ({ manager, label }) => manager !== null && label > 0 && keepsNothing.has(manager),
    ),
  )
}

/** Whether snapshots of that manager's can be kept, as far as is known. */
export const keepsSnapshots = (machine: Machine, manager: number | null): boolean =>
  manager !== null && !machine.keepsNothing.has(manager)

/** Containers that are gone and that a kept line may bring back, by their manager's names. */
export function keptTokens(machine: Machine, port: number): number[] {
  const mine = machine.kept.snapshots().filter(({ manager }) => manager === port)
  const tokens = new Set(mine.map(({ token }) => token))
  invariant(tokens.size <= mine.length, 'SI71: a token is told once', { port })
  return [...tokens]
}
