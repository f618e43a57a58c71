/**
 * What a dead manager leaves behind: its page tables and page sets, in this order. A frame with a transfer under way is
 * freed when the transfer is over. Its root page's stable content stays with the kernel.
 */
import { asGeneration, asPageSet, type Ending, type Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { isIdle, reclaim, reclaimActor } from '@katydid/memory'
import type { Machine } from '../machine.js'
import { endGuestsWith } from '../remote/end-guest.js'
import { requestRecovery } from '../recovery/request.js'
import { noteFailure } from './give-up.js'
import type { Manager } from './manager-table.js'
import { dropRootPage } from './root-page.js'

/** Owner of a frame of nobody, whose transfer is not over. */
export const limbo = asPageSet(-1)

/** The supervisor has seen the manager's thread end. */
export function managerEnded(machine: Machine, manager: Manager, ending: Ending): void {
  invariant(ending.port === manager.port, 'MG2: an ending is told to its own manager', {
    port: ending.port,
  })
  if (
    manager.state === 'dead' ||
    manager.state === 'given_up' ||
    (manager.generation !== 0 && ending.generation < manager.generation)
  )
    return
  manager.state = 'dead'
  manager.generation = asGeneration(ending.generation)
  machine.silentManagers.delete(manager.port)
  reclaimActor(machine.region, manager.port)
  machine.counters.add('restarts')
  noteFailure(machine, manager)
  const why = `${ending.event}${ending.detail === '' ? '' : `: ${ending.detail}`}`
  manager.ended =
    ending.event === 'core' && ending.detail !== ''
      ? { sentence: ending.detail, status: ending.status ?? null }
      : null
  endGuestsWith(machine, ({ proxy }) => proxy === manager.port)
  // What was destroyed is, with or without its manager.
  const its = machine.containers.live().filter((each) => each.manager === manager.port)
  const lost = new Set(its.filter((each) => !each.selfManaged).map(({ slot }) => Number(slot)))
  requestRecovery(machine, `the manager on port ${manager.port} ended (${why})`, lost)
}

/** Takes back everything a dead manager had. The tables of containers it managed are empty already. */
export function reclaimManager(machine: Machine, manager: Manager): void {
  invariant(manager.state !== 'running', 'MG2: only a dead manager is reclaimed', {
    port: manager.port,
  })
  if (manager.own !== null) reclaim.pageTable(machine.region, manager.own.slot)
  dropRootPage(machine, manager)
  for (const set of machine.pageSets.all()) {
    if (set.manager !== manager.port) continue
    for (const frame of machine.frames.ofSet(set.id)) letGo(machine, frame)
    machine.pageSets.remove(set.id)
    machine.passedOver.delete(set.id)
    machine.refusedUntilMs.delete(set.id)
  }
  sweepLimbo(machine)
}

function letGo(machine: Machine, frame: Frame): void {
  const word = machine.region.frameWord(frame, 'entry')
  invariant(
    machine.region.words.load(word) === 0,
    'ME6: page tables are cleared before frames go back',
    { frame },
  )
  // Loci that held raw views of it were stopped before any of this.
  machine.region.words.store(machine.region.frameWord(frame, 'shown'), 0)
  machine.region.words.store(machine.region.frameWord(frame, 'owner'), limbo)
}

/** Frees frames of nobody whose transfers are over; answers how many are left. */
export function sweepLimbo(machine: Machine): number {
  const left = machine.frames.ofSet(limbo)
  const idle = left.filter((frame) => isIdle(machine.region, frame))
  machine.frames.give(idle)
  return left.length - idle.length
}
