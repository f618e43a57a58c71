/**
 * What loci of a campaign do: loads, stores, atomics, waits, registers, safepoints, snapshots and kernel calls at random, each
 * compared with the model in the step in which it happens.
 */
import {
  asCapref,
  containerCalls,
  hereCapref,
  locusCalls,
  managerDowncalls,
  outputCalls,
} from '@katydid/abi'
import { durableInvocation, invocation, ownContainer, semaphores } from './locus-calls.js'
import { windowStatus } from './mapping-model.js'
import type { SimLocus } from './sim-locus.js'
import { lineOf } from './told-output.js'
import type { SimProgram } from './whole-world.js'

type Steps = Generator<'step' | number | (() => boolean), void, void>

const pageBytes = 4096
/** Words of a page that loci use: few, so that they meet. */
const wordsOfPage = [0, 8, 2044, 4092]

/** A program of so many deeds over the first pages of its container. */
export function randomProgram(deeds: number, pages: number): SimProgram {
  return programOfDeeds(deeds, (locus) => deed(locus, pages))
}

/** A program that does `next` so many times, each deed between two safepoints and counted in register 0. */
export function programOfDeeds(
  deeds: number | (() => number),
  next: (locus: SimLocus) => Steps,
): SimProgram {
  const most = typeof deeds === 'number' ? () => deeds : deeds
  return function* (locus) {
    while (locus.model.registers[0]! < BigInt(most())) {
      // What was answered before it was entered again comes first: the same call asks for it.
      if (locus.held === null) yield* next(locus)
      else yield* durableInvocation(locus)
      locus.setRegister(0, locus.model.registers[0]! + 1n)
      yield* locus.safepoint()
    }
    return Uint8Array.of(1, 2, 3)
  }
}

/** Reads every word that the model knows of its container, and some it does not. */
export function* readAll(locus: SimLocus): ReturnType<SimProgram> {
  const words = locus.world.model.containers.get(locus.container)!.words
  for (const offset of Array.from(words.keys())) yield* locus.load(offset)
  const { size } = locus.world.model.containers.get(locus.container)!
  for (let page = 0; page < size / pageBytes; page++) yield* locus.load(page * pageBytes + 16)
  return new Uint8Array(0)
}

/** Writes a word of every page. */
export function* writeAll(locus: SimLocus): ReturnType<SimProgram> {
  const { size } = locus.world.model.containers.get(locus.container)!
  for (let page = 0; page < size / pageBytes; page++)
    yield* locus.store(page * pageBytes + 24, locus.random.next() | 0)
  return new Uint8Array(0)
}

const deeds: readonly [weight: number, deed: (locus: SimLocus, pages: number) => Steps][] = [
  [30, load],
  [40, (locus, pages) => locus.store(place(locus, pages), locus.random.next() | 0)],
  [10, add],
  [4, compareExchange],
  [4, notify],
  [2, wait],
  [4, register],
  [1, pause],
  [1, snapshot],
  [3, windows],
  [2, forged],
  [1, list],
  [1, stabilise],
  [2, print],
  [1, semaphores],
  [1, ownContainer],
  [2, invocation],
  [1, durableInvocation],
]
const withoutRegisters = deeds.filter(([, each]) => each !== register)

/** One deed, drawn. */
export const deed = (locus: SimLocus, pages: number): Steps => drawnOf(deeds, locus, pages)

/** One that leaves all registers but the first as they are. */
export const deedWithoutRegisters = (locus: SimLocus, pages: number): Steps =>
  drawnOf(withoutRegisters, locus, pages)

const ofContainersAlone = deeds.filter(([, each]) => each !== semaphores && each !== ownContainer)

/** One in which nothing but containers with loci receives anything: no semaphore, and nothing that comes and goes. */
export const deedOfContainers = (locus: SimLocus, pages: number): Steps =>
  drawnOf(ofContainersAlone, locus, pages)

function drawnOf(of: typeof deeds, locus: SimLocus, pages: number): Steps {
  const total = of.reduce((sum, [weight]) => sum + weight, 0)
  let left = locus.random.below(total)
  for (const [weight, each] of of) {
    if (left < weight) return each(locus, pages)
    left -= weight
  }
  throw new Error('the weights add up')
}

/** A word; three in four from a quarter of the pages. */
function place({ random }: SimLocus, pages: number): number {
  const page = random.chance(0.75) ? random.below(Math.ceil(pages / 4)) : random.below(pages)
  return page * pageBytes + wordsOfPage[random.below(wordsOfPage.length)]!
}

function* load(locus: SimLocus, pages: number): Steps {
  yield* locus.load(place(locus, pages))
}

function* add(locus: SimLocus, pages: number): Steps {
  const offset = place(locus, pages)
  const by = locus.random.below(1000)
  yield* locus.atomic(
    offset,
    (window, at) => window.add(at, by),
    (before) => (before + by) | 0,
  )
}

function* compareExchange(locus: SimLocus, pages: number): Steps {
  const offset = place(locus, pages)
  const expected = locus.word(offset)
  const value = locus.random.next() | 0
  yield* locus.atomic(
    offset,
    (window, at) => window.compareExchange(at, expected, value),
    (before) => (before === expected ? value : before),
  )
}

function* notify(locus: SimLocus, pages: number): Steps {
  const offset = place(locus, pages)
  yield* locus.store(offset, locus.random.next() | 0)
  locus.notify(offset)
}

function* wait(locus: SimLocus, pages: number): Steps {
  const offset = place(locus, pages)
  const expected = locus.word(offset)
  yield* locus.wait(offset, expected, 1 + locus.random.below(40))
}

function* register(locus: SimLocus): Steps {
  yield* locus.sleep(0)
  locus.setRegister(1 + locus.random.below(31), BigInt(locus.random.next()))
}

function* pause(locus: SimLocus): Steps {
  yield* locus.sleep(locus.random.below(5))
}

function* snapshot(locus: SimLocus): Steps {
  const reply = yield* locus.call(managerDowncalls.snapshotRequest, { cont: hereCapref }, true)
  const { isVolatile, isOpened } = locus.world.model.containers.get(locus.container)!
  if ((isVolatile || isOpened) && reply.status === 'not_supported') return
  if (reply.status === 'ok' || reply.status === 'busy' || reply.status === 'frozen') return
  if (reply.status !== 'manager_failed' || !locus.world.isShaken)
    locus.problem(`snapshot_request: ${reply.status}, ${reply.detail}`)
}

/** Windows at good and bad places: each has its own status. */
function* windows(locus: SimLocus): Steps {
  const home = locus.world.model.containers.get(locus.container)!
  const { size } = home
  const cases = [
    [0, size, 'ok'],
    [pageBytes, pageBytes, 'ok'],
    [0, size + 1, 'out_of_window'],
    [size, pageBytes, 'out_of_window'],
    [1, 8, 'misaligned'],
    [0, 2 ** 31 + 1, 'too_large'],
  ] as const
  const [base, length, expected] = cases[locus.random.below(cases.length)]!
  const before = locus.world.mappingChanges
  const reply = yield* locus.call(containerCalls.windowOpen, { cont: locus.cap, base, length })
  if (locus.world.mappingChanges !== before || locus.world.phase !== 'open') return
  const meant = expected === 'ok' ? windowStatus(locus.world.model, home, base, length) : expected
  locus.expect(`window_open ${base} ${length} of ${size}`, reply.status, meant)
}

/** A made-up Capref leads nowhere and changes nothing. */
function* forged(locus: SimLocus): Steps {
  const cont = asCapref((locus.random.next() | 0x40000000) >>> 0)
  const calls = [
    () => locus.call(containerCalls.windowOpen, { cont, base: 0, length: 8 }),
    () => locus.call(containerCalls.containerDestroy, { cont }),
    () => locus.call(containerCalls.removeInvocationPoint, { cont }),
    () => locus.call(locusCalls.locusCreate, { cont, block: new Uint8Array(0), name: '' }),
    () => locus.call(managerDowncalls.snapshotRequest, { cont }),
  ]
  const reply = yield* calls[locus.random.below(calls.length)]!()
  locus.expect('a forged capref', reply.status, 'invalid_capref')
}

function* list(locus: SimLocus): Steps {
  const reply = yield* locus.call(containerCalls.capList, { table: 'own' })
  locus.expect('cap_list', reply.status, 'ok')
}

/** Waits until all that it did is recoverable. */
function* stabilise(locus: SimLocus): Steps {
  const reply = yield* locus.call(locusCalls.locusStabilise, {}, true)
  if (reply.status === 'ok' || reply.status === 'busy' || reply.status === 'frozen') return
  // A manager that died, or a disk that refused.
  if (!locus.world.isShaken) locus.problem(`locus_stabilise: ${reply.status}, ${reply.detail}`)
}

/** A line that says which deed of which locus it is of; some at once, which are told again by whoever goes back over them. */
function* print(locus: SimLocus): Steps {
  const id = locus.world.kernel.machine.loci.named(locus.name)?.id
  if (id === undefined) return
  const text = lineOf(locus.name, id, locus.model.registers[0]!)
  const durable = locus.random.chance(0.8) ? 'recoverable' : 'volatile'
  const reply = yield* locus.call(outputCalls.outputPrint, { text, durable })
  // Nobody comes to rest for long, so that nothing is told meanwhile.
  if (reply.status !== 'no_resource') locus.expect('output_print', reply.status, 'ok')
}
