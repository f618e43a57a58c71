/**
 * The commands of the simulated fuzz: what hosts, managers and fate do to a world, as fast-check draws them. Loci do the rest while
 * the clock runs. After each command the world and its model agree, or the command fails with what differs.
 */
import {
  actorPorts,
  asCapref,
  asFrame,
  asInterval,
  asPageSet,
  asPort,
  asPosition,
  asToken,
  managerDowncalls,
  managerUpcalls,
  pageSetCalls,
  type Status,
} from '@katydid/abi'
import * as fc from 'fast-check'
import type { CampaignRun } from './campaign-run.js'
import { authority } from './fuzz-authority.js'
import { lines } from './fuzz-lines.js'
import { dirty, managers } from './fuzz-manager.js'
import { mappings } from './fuzz-mappings.js'
import { snapshots } from './fuzz-snapshots.js'
import {
  containers,
  expectReply as expect,
  loci,
  of,
  simple,
  type AnyCommand,
} from './fuzz-command.js'

/** Refusals that those who wait for room outlast. */
const few = 3
const container = fc.constantFrom(...containers)
const locus = fc.constantFrom(...loci)
const inhabit = of(
  fc.tuple(container, fc.integer({ min: 30, max: 60 })),
  ([name, pages]) => `inhabit ${name} (${pages} pages)`,
  async ({ host, world }, [name, pages]) => {
    if (!world.model.containers.has(name)) await host.create(name, pages)
    await host.adopt(name)
    await host.setProgram(name, 'random')
  },
)

const people = of(
  fc.tuple(locus, container),
  ([name, home]) => `start ${name} in ${home}`,
  ({ host }, [name, home]) => host.start(name, home),
)

/** Each command and how often it comes. */
const weighted: readonly [number, fc.Arbitrary<AnyCommand>][] = [
  [8, inhabit],
  [12, people],
  [
    20,
    of(
      fc.nat(60),
      (ms) => `run ${ms} ms`,
      ({ world }, ms) => world.run(ms),
    ),
  ],
  [
    6,
    of(
      fc.boolean(),
      (durable) => `snapshot ${durable}`,
      ({ host }, durable) => host.snapshot(durable),
    ),
  ],
  [
    2,
    of(
      container,
      (name) => `create ${name}`,
      ({ host }, name) => host.create(name, 40),
    ),
  ],
  [
    2,
    of(
      container,
      (name) => `adopt ${name}`,
      ({ host }, name) => host.adopt(name),
    ),
  ],
  [
    1,
    of(
      container,
      (name) => `remove program ${name}`,
      ({ host }, name) => host.removeProgram(name),
    ),
  ],
  [
    2,
    of(
      container,
      (name) => `destroy ${name}`,
      ({ host }, name) => host.destroy(name),
    ),
  ],
  [
    1,
    of(
      container,
      (name) => `find ${name}`,
      ({ host }, name) => host.find(name),
    ),
  ],
  [
    1,
    of(
      locus,
      (name) => `find ${name}`,
      ({ host }, name) => host.findLocus(name),
    ),
  ],
  [
    2,
    of(
      fc.tuple(container, fc.nat(3)),
      ([name, after]) => `what ${name} has told after ${after}`,
      ({ host }, [name, after]) => host.released(name, after),
    ),
  ],
  [1, simple('wait until all is told', ({ host }) => host.outputSettled())],
  [2, simple('compare status', ({ host }) => host.compareStatus())],
  [3, simple('read back', ({ host }) => host.readBack())],
  [3, simple('manager: stabilise', ({ world }) => world.stabilise())],
  [3, simple('wrong calls of a manager', wrongCalls)],
  [2, simple('wrong upcalls', wrongUpcalls)],
  [2, of(fc.nat(3), (count) => `discard ${count + 1}`, discard)],
  [2, simple('kill the manager', (run) => run.killManager())],
  [2, of(fc.nat(5), (nth) => `kill locus ${nth}`, killLocus)],
  [2, simple('cut the power', (run) => run.cutPower())],
  [
    1,
    of(
      fc.tuple(
        fc.constantFrom('read', 'write'),
        fc.oneof(fc.integer({ min: 1, max: few }), fc.constant(10_000)),
      ),
      ([what, times]) => `the disk refuses ${times} of the next ${what}s`,
      diskRefuses,
    ),
  ],
  ...authority,
  ...managers,
  ...mappings,
  ...snapshots,
]

/** A course of commands; with kept lines those about them too. */
export function courses(length: number, withLines = false): fc.Arbitrary<Iterable<AnyCommand>> {
  const drawn = withLines ? [...weighted, ...lines] : weighted
  const kinds = drawn.flatMap(([weight, each]) => Array.from({ length: weight }, () => each))
  return fc.commands<object, CampaignRun, false>(kinds, { maxCommands: length, size: 'max' })
}

/** From here on refusals are to be expected; what is read is right all the same. */
async function diskRefuses(run: CampaignRun, [what, times]: [string, number]): Promise<void> {
  const { world, host } = run
  await dirty(run, 'a')
  world.faulty = true
  if (what === 'read') world.disk.readsFail = times
  else world.disk.writesFull = times
  await host.snapshot(false)
  // So long that what waits for room is given up; then there is some again.
  if (times > few) {
    world.run(1000)
    world.disk.writesFull = 0
  }
  await dirty(run, 'a')
  await host.snapshot(true)
}

function killLocus({ world }: CampaignRun, nth: number): void {
  const port = world.lociPorts()[nth]
  if (port !== undefined) world.killLocus(port)
}

/** The kernel asks a manager's page sets for frames. */
async function discard(run: CampaignRun, count: number): Promise<void> {
  const { machine } = run.world.kernel
  for (const { id, manager } of machine.pageSets.all())
    await expect(
      run,
      machine.messenger,
      asPort(manager),
      managerUpcalls.pageDiscard,
      { pageset: id, pageCount: count + 1 },
      ['ok', 'no_such_page_set'],
    )
}

/** A manager's calls with what names nothing, and with what is not its to say. */
async function wrongCalls(run: CampaignRun): Promise<void> {
  const messenger = run.world.managerMessenger
  if (messenger === null) return
  const { kernel } = actorPorts
  const cont = asCapref((run.random.next() | 0x40000000) >>> 0)
  const stateInterval = asInterval(1 + run.random.below(1000))
  const invalid: Status[] = ['invalid_capref']
  const replayFrom = asPosition(0)
  const pageset = asPageSet(77)
  await expect(
    run,
    messenger,
    kernel,
    managerDowncalls.stateIntervalStable,
    { cont, stateInterval, replayFrom },
    invalid,
  )
  await expect(
    run,
    messenger,
    kernel,
    managerDowncalls.snapshotDiscard,
    { cont, stateInterval },
    invalid,
  )
  await expect(run, messenger, kernel, managerDowncalls.getRootPage, { cont }, invalid)
  await expect(
    run,
    messenger,
    kernel,
    managerDowncalls.setManager,
    { cont, manager: cont, contId: asToken(9) },
    invalid,
  )
  await expect(
    run,
    messenger,
    kernel,
    managerDowncalls.qualityOfService,
    { cont, serviceLevel: 'snapshotting' },
    invalid,
  )
  await expect(run, messenger, kernel, pageSetCalls.pageSetSize, { pageset }, ['no_such_page_set'])
  await expect(run, messenger, kernel, pageSetCalls.pageSetAdd, { pageset, pageCount: 1 }, [
    'no_such_page_set',
  ])
  await expect(
    run,
    messenger,
    kernel,
    pageSetCalls.pageSetRemove,
    { pageset, frames: [asFrame(1)] },
    ['no_such_page_set'],
  )
}

/** A kernel's calls about what the manager does not know. */
async function wrongUpcalls(run: CampaignRun): Promise<void> {
  const { messenger } = run.world.kernel.machine
  const manager = actorPorts.firstManager
  const cont = asToken(4000 + run.random.below(1000))
  const stateInterval = asInterval(3)
  const unknown: Status[] = ['no_such_container']
  await expect(
    run,
    messenger,
    manager,
    managerUpcalls.stateIntervalQuery,
    { cont, stateInterval },
    unknown,
  )
  await expect(
    run,
    messenger,
    manager,
    managerUpcalls.containerStabiliseRequest,
    { cont, stateInterval },
    unknown,
  )
  await expect(
    run,
    messenger,
    manager,
    managerUpcalls.containerSnapshot,
    { cont, stateInterval },
    unknown,
  )
  await expect(
    run,
    messenger,
    manager,
    managerUpcalls.pageDiscard,
    { pageset: asPageSet(77), pageCount: 1 },
    ['no_such_page_set'],
  )
  await expect(
    run,
    messenger,
    manager,
    managerUpcalls.invokeNoSupport,
    { machineId: asToken(1), cont, stateInterval, params: new Uint8Array(0) },
    ['no_such_container', 'not_supported'],
  )
}
