/**
 * Commands in which a manager says what is true and allowed, and a kernel asks what it may: between the wrong calls of `fuzz-commands.ts` and what
 * managers do by themselves. They change nothing that a user could see.
 */
import {
  actorPorts,
  asFrame,
  asInterval,
  asPort,
  asPosition,
  capabilityCalls,
  containerCalls,
  managerDowncalls,
  managerUpcalls,
  pageSetCalls,
  rights,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type Reply,
} from '@katydid/abi'
import { force } from '@katydid/kernel/page-set/force.js'
import * as fc from 'fast-check'
import type { CampaignRun } from './campaign-run.js'
import { containers, expectReply, of, simple, type AnyCommand } from './fuzz-command.js'

/** The commands, and how often each comes. */
export const managers: readonly [number, fc.Arbitrary<AnyCommand>][] = [
  [3, simple('a manager says it again', sayAgain)],
  [2, simple('a manager’s page set', pageSet)],
  [2, simple('what snapshots a manager has', query)],
  [2, of(fc.nat(5), (count) => `take ${count + 1} frames by force`, takeFrames)],
  [2, simple('kill a manager that writes', killWriting)],
  [
    2,
    of(
      fc.constantFrom(...containers),
      (name) => `${name} is changed until segments are cleaned`,
      churn,
    ),
  ],
  [
    3,
    of(
      fc.tuple(fc.constantFrom(...containers), fc.constantFrom(...containers)),
      ([name, to]) => `copy a capability for ${name} to ${to}`,
      copy,
    ),
  ],
]

/** The manager makes a call on the kernel; null when it died meanwhile. */
async function said<S extends AnySignature>(
  { world }: CampaignRun,
  signature: S,
  args: ArgsOf<S>,
): Promise<Reply<S> | null> {
  const messenger = world.managerMessenger
  if (messenger === null) return null
  world.operations++
  const made = new Promise<Reply<S>>((resolve) => {
    messenger.call(actorPorts.kernel, signature, args, resolve)
  })
  const isGone = (): boolean => world.managerMessenger !== messenger
  const reply = await world.settleUnless(made, isGone)
  return isGone() ? null : reply
}

/** Of each container that the first manager has: what it said already it may say again. */
async function sayAgain(run: CampaignRun): Promise<void> {
  const { world } = run
  const listed = await said(run, containerCalls.capList, { table: 'own' })
  if (listed?.status !== 'ok') return
  const self = listed.caps.find(({ kind }) => kind === 'manager')?.cap
  const { machine } = world.kernel
  for (const { cap, kind, name, gone } of listed.caps) {
    if (kind !== 'container' || gone || self === undefined) continue
    const root = await said(run, managerDowncalls.getRootPage, { cont: cap })
    const container = machine.containers.named(name)
    if (container?.manager !== actorPorts.firstManager || root?.status !== 'ok') continue
    if (container.selfManaged !== (root.addr !== null))
      world.problems.push(`the root page of “${name}” is at ${root.addr}`)
    const expect = async <S extends AnySignature>(
      signature: S,
      args: ArgsOf<S>,
      ...expected: string[]
    ): Promise<void> => {
      const reply = await said(run, signature, args)
      const isKnown = reply === null || [...expected, ...ofFate].includes(reply.status)
      if (!isKnown) world.problems.push(`${signature.name} of “${name}”: ${reply.status}`)
    }
    const { token: contId, intervals } = container
    await expect(managerDowncalls.setManager, { cont: cap, manager: self, contId }, 'ok')
    const level = { cont: cap, serviceLevel: 'snapshotting' } as const
    await expect(managerDowncalls.qualityOfService, level, 'ok')
    if (container.selfManaged || intervals.recoverable === 0) continue
    const line = { cont: cap, stateInterval: intervals.recoverable }
    await expect(
      managerDowncalls.snapshotDiscard,
      line,
      'most_recent_recoverable',
      'no_such_interval',
    )
    const stable = { ...line, replayFrom: asPosition(0) }
    await expect(managerDowncalls.stateIntervalStable, stable, 'ok', 'no_such_interval')
  }
}

/** What any call may hear whose container or manager is going at this moment. */
const ofFate: readonly string[] = [
  'actor_gone',
  'timed_out',
  'entity_gone',
  'invalid_capref',
  'right_missing',
]

/** Makes a set, asks for a frame, counts it, gives it back. There are few sets: most are refused. */
async function pageSet(run: CampaignRun): Promise<void> {
  const { world } = run
  const made = await said(run, pageSetCalls.pageSetCreate, { least: 0 })
  if (made === null || made.status !== 'ok') return
  const { pageset } = made
  const added = await said(run, pageSetCalls.pageSetAdd, { pageset, pageCount: 1 })
  const frames = added?.status === 'ok' ? added.frames : []
  const size = await said(run, pageSetCalls.pageSetSize, { pageset })
  if (size?.status === 'ok' && size.frames !== frames.length)
    world.problems.push(`a page set that was given ${frames.length} frames has ${size.frames}`)
  const wrong = await said(run, pageSetCalls.pageSetRemove, { pageset, frames: [asFrame(0)] })
  if (wrong !== null && wrong.status === 'ok')
    world.problems.push('a frame that is not of the set was taken back')
  const gone = await said(run, pageSetCalls.pageSetRemove, { pageset, frames })
  if (gone !== null && gone.status !== 'ok' && !ofFate.includes(gone.status))
    world.problems.push(`pageset_remove: ${gone.status}, ${gone.detail}`)
}

/** A manager has the snapshots that the line is made of. */
async function query(run: CampaignRun): Promise<void> {
  const { world } = run
  run.host.ready()
  const { machine } = world.kernel
  for (const { manager, token, intervals, name } of machine.containers.live()) {
    if (manager === null || intervals.recoverable === 0 || intervals.volatile) continue
    const state = await new Promise<string>((resolve, reject) => {
      const args = { cont: token, stateInterval: intervals.recoverable }
      const asked = new Promise<string>((answered) => {
        machine.messenger.call(manager, managerUpcalls.stateIntervalQuery, args, (reply) =>
          answered(reply.status === 'ok' ? reply.state : reply.status),
        )
      })
      world.settle(asked).then(resolve, reject)
    })
    const isThere = [...known, ...ofFate, 'no_such_container'].includes(state)
    if (!isThere && machine.containers.named(name)?.token === token)
      world.problems.push(`${name} is on the line with ${intervals.recoverable}, which is ${state}`)
    await expectReply(
      run,
      machine.messenger,
      asPort(manager),
      managerUpcalls.containerStabiliseRequest,
      { cont: token, stateInterval: asInterval(intervals.recoverable) },
      ['ok', 'no_such_interval', 'no_such_container'],
    )
  }
}
const known: readonly string[] = ['stable', 'recoverable']

/** As pressure does in the end: what is clean and idle goes, of whichever set. */
async function takeFrames({ world, host }: CampaignRun, count: number): Promise<void> {
  host.ready()
  const { machine } = world.kernel
  for (const { id } of machine.pageSets.all()) {
    world.operations++
    await world.settle(
      new Promise<number>((resolve) => {
        force(machine, id, count + 1, resolve)
      }),
    )
  }
}

/** A capability in the table of a container gives what it says, and goes with what it names. */
async function copy(run: CampaignRun, [name, into]: [string, string]): Promise<void> {
  const { host, world } = run
  const [cap, to] = [await host.find(name), await host.find(into)]
  if (typeof cap === 'string' || typeof to === 'string') return
  host.ready()
  const { model } = world
  const gone = ['entity_gone', 'invalid_capref']
  const args = { cap, to, rights: rights.read }
  const copied = await host.call('cap_copy', args, 'ok', 'no_resource', ...gone)
  if (copied.status !== 'ok' || world.model !== model) return
  const listed = await host.call('cap_list', { table: 'own' }, 'ok')
  const caps = listed['caps'] as { cap: Capref; name: string }[]
  if (!caps.some((each) => each.cap === cap && each.name === name))
    world.problems.push(`the host’s table does not have “${name}”`)
  const missing = await host.call('cap_derive', { cap, rights: 0 }, 'bad_argument', ...gone)
  if (missing.status === 'ok') world.problems.push(`${capabilityCalls.capDerive.name} of no right`)
}

/** It dies between having frames written and asking for it. */
async function killWriting(run: CampaignRun): Promise<void> {
  await dirty(run, 'a')
  run.host.ready()
  if (!run.killManagerAt('disk_write')) return
  await run.host.snapshot(false)
  run.world.run(200)
}

/** Has a locus change pages of the container. */
export async function dirty(run: CampaignRun, name: string, program = 'random'): Promise<void> {
  const { host } = run
  if (!run.world.model.containers.has(name)) await host.create(name, 40)
  await host.adopt(name)
  await host.setProgram(name, program)
  await host.start('busy', name)
  run.world.run(15)
}

/** Snapshot after snapshot of what changes, so that the disk is used anew. */
async function churn(run: CampaignRun, name: string): Promise<void> {
  const { host } = run
  for (let round = 0; round < 12 && run.world.phase === 'open'; round++) {
    await dirty(run, name, 'fill')
    await host.snapshot(true)
    if (round % 3 === 2) run.world.stabilise()
    run.world.run(10)
  }
}
