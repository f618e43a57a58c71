/**
 * Visits of a logged container in the simulator, as a locus's thread makes them: the turn, the gate, the stamps, the record before the return is
 * received. What a visit does follows from its block and the container's words alone; so that it can be done again.
 */
import {
  containerCalls,
  hereCapref,
  inputCalls,
  type ArgsOf,
  type ContainerSlot,
  type ResultOf,
} from '@katydid/abi'
import { Random } from '@katydid/actor'
import { AccessError, receive, stampOf } from '@katydid/memory'
import type { SimLocus } from './sim-locus.js'

type Step<T> = Generator<'step' | number | (() => boolean), T, void>
type Input = NonNullable<ArgsOf<typeof inputCalls.inputLogged>['input']>

/** The logged container of the campaign. */
export const tillName = 'till'

const noBytes = new Uint8Array(0)
const turnMs = 10_000
const pageBytes = 4096

/** How a visit reaches the words of the container. */
interface Words {
  load(offset: number): Step<number>
  store(offset: number, value: number): Step<void>
}

/** Counts the visits of its visitor, and writes what follows from words it has read; answers how many there were before. */
function* program(words: Words, block: Uint8Array): Step<number> {
  const [visitor, seed] = new Int32Array(block.slice().buffer)
  const random = new Random(seed!)
  const lane = 4 * visitor!
  const before = yield* words.load(lane)
  let mixed = before
  for (let deeds = 1 + random.below(4); deeds > 0; deeds--) {
    const from = random.below(8) * pageBytes + 64
    mixed = (Math.imul(mixed, 31) + (yield* words.load(from))) | 0
    yield* words.store(random.below(8) * pageBytes + 64, (mixed + random.next()) | 0)
  }
  yield* words.store(lane, before + 1)
  return before
}

const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer)

/** A locus’s register with the number of its visits. */
const visitsMade = 1

/** A visit, after which the locus knows whether the till has had as many of it as it made. */
export function* countedVisit(locus: SimLocus, visitor: number): Step<void> {
  const made = Number(locus.model.registers[visitsMade])
  const before = yield* visit(locus, visitor)
  if (before === null) return
  if (before !== made) locus.problem(`the till has had ${before} visits of it, and it made ${made}`)
  locus.setRegister(visitsMade, BigInt(made + 1))
}

/** One visit; how many this visitor had made before, by the container; null when it did not come in. */
function* visit(locus: SimLocus, visitor: number): Step<number | null> {
  const { world, region } = locus
  const till = world.kernel.machine.containers.named(tillName)
  if (till === null || till.program === null || till.manager === null) return null
  const turn = region.containerWord(till.slot, 'turn')
  const own = locus.slot + 1
  const isMine = (): boolean => region.words.compareExchange(turn, 0, own) === 0
  if (!(yield* locus.quietUntil(isMine, turnMs))) return null
  const home = { slot: locus.containerSlot, name: locus.container }
  yield* locus.comeIn(till.slot)
  // As a locus's thread does, once it is counted: while it stood at the gate the till may have gone back to where it was not.
  if (world.kernel.machine.containers.named(tillName)?.generation !== till.generation) {
    locus.goOut(till.slot)
    region.words.store(region.locusWord(locus.slot, 'awaits'), 0)
    region.words.compareExchange(turn, own, 0)
    return null
  }
  const block = bytesOf(visitor, locus.random.next() | 0)
  const stamp = stampOf(region, home.slot)
  locus.moveTo(till.slot, tillName, 1)
  receive(region, till.slot, stamp)
  const input = { ...emptyInput, sender: home.slot, sent: Number(stamp.interval), block }
  const end = yield* stay(locus, till, input)
  const back = stampOf(region, till.slot)
  const args = { cont: till.slot, input: { ...input, ...end.input }, why: '' }
  const logged = yield* locus.call(inputCalls.inputLogged, args)
  if (logged.status === 'ok') world.saw('visit', logged.point ? 'is a point' : 'is none')
  else locus.problem(`input_logged: ${logged.status}, ${logged.detail}`)
  locus.moveTo(home.slot, home.name, 0)
  receive(region, home.slot, back)
  locus.goOut(till.slot)
  region.words.compareExchange(turn, own, 0)
  if (end.error !== null) throw end.error
  return end.value
}

const emptyInput: Input = {
  sender: 0,
  sent: 0,
  locus: 0,
  name: '',
  block: noBytes,
  seed: noBytes,
  times: [],
  calls: [],
  status: 'ok',
  detail: '',
  result: noBytes,
  messages: 0,
}

interface End {
  readonly input: Partial<Input>
  readonly value: number
  readonly error: AccessError | null
}

function* stay(
  locus: SimLocus,
  till: { readonly slot: ContainerSlot; readonly size: number },
  { block }: Input,
): Step<End> {
  const args = { cont: hereCapref, base: 0, length: till.size }
  const opened = yield* locus.call(containerCalls.windowOpen, args)
  if (opened.status !== 'ok') return failed(new AccessError(opened.status, opened.detail))
  const place = { slot: till.slot, table: opened.table, size: till.size }
  try {
    const value = yield* locus.elsewhere(place, () => program(locus, block))
    return { input: { result: bytesOf(value) }, value, error: null }
  } catch (error) {
    if (!(error instanceof AccessError)) throw error
    return failed(error)
  }
}

const failed = (error: AccessError): End => ({
  input: { status: error.status, detail: error.message },
  value: 0,
  error,
})

/** Runs every visit that the kernel gives, in this locus’s window. */
export function* replayVisits(locus: SimLocus): Step<void> {
  const words: Words = {
    load: (offset) => locus.access((window) => window.getInt32(offset)),
    *store(offset, value) {
      yield* locus.access((window) => {
        window.setInt32(offset, value)
        return 0
      })
    },
  }
  let problem: string | null = null
  for (;;) {
    const reply: ResultOf<typeof inputCalls.replayNext> & { readonly status: string } =
      (yield* locus.call(inputCalls.replayNext, { problem })) as never
    if (reply.status !== 'ok' || reply.input === null) return
    locus.world.saw('visit', 'again')
    const value = yield* program(words, reply.input.block)
    const result = Buffer.from(bytesOf(value))
    problem = result.equals(reply.input.result) ? null : `it returned ${value}`
  }
}
