/**
 * What becomes durable here is told to the other machines, in its order, one call at a time. A call that is not answered, or not as expected, is followed
 * by a whole one. Nothing is told of a unit that is another machine's.
 */
import { actorPorts, machineCalls, type ArgsOf, type MachineId } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { rootOf } from '../logged/chain.js'
import type { Machine } from '../machine.js'
import type { UnitPoint } from '../state-interval/history.js'
import { unitsOf, type Unit } from '../state-interval/units.js'
import type { Across } from './across.js'
import { isForeign } from './foreign-units.js'
import type { PeerStream, Receipt } from './peer-stream.js'

type Told = ArgsOf<typeof machineCalls.lineGossip>

/** So many points go in one call. */
const mostPoints = 2000
/** A machine that hears nothing hears this often that there is nothing. */
const everyMs = 500
/** A call that was refused is made again after so long. */
const againMs = 50
const answerMs = 5_000

/** A point of one's own is durable: it is told, once. */
export function tellPoint(machine: Machine, unit: number, point: UnitPoint): void {
  const { across } = machine
  if (across === null) return
  invariant(!isForeign(unit), 'SI161: only what is one’s own is told', { unit })
  if ((across.told.get(unit) ?? 0) >= point.interval) return
  across.told.set(unit, point.interval)
  const { interval, dependencies } = point
  for (const stream of across.streams.values())
    if (hears(stream)) stream.points.push({ unit, interval, dependencies: new Map(dependencies) })
}

/** The line has come to these points, and that is durable. */
export function tellLine(
  machine: Machine,
  units: readonly { readonly unit: Unit; readonly to: UnitPoint }[],
): void {
  const { across } = machine
  if (across === null) return
  for (const { unit, to } of units) {
    const receipts = receiptsOf(unit.unit, to)
    for (const stream of across.streams.values()) {
      if (!hears(stream)) continue
      stream.lines.set(unit.unit, to.interval)
      stream.receipts.push(...receipts)
    }
  }
}

/** What comes from now on is not in its whole call, or that is on its way. */
const hears = (stream: PeerStream): boolean => stream.number > 0 || stream.isTelling

/** How far the point has received letters of whom. Its record may hold a newer point of the same unit. */
function receiptsOf(unit: number, point: UnitPoint): Receipt[] {
  const { capture, interval } = rootOf(point)
  const saved = capture.record.containers.find(
    (each) => each.slot === unit && each.interval === interval,
  )
  return (saved?.letters?.received ?? []).map((each) => ({
    sender: each.unit,
    senderGeneration: each.generation,
    receiver: unit,
    receiverGeneration: saved!.generation,
    sequence: each.sequence,
  }))
}

/** Makes the calls that are due; milliseconds until the next could be. */
export function tellOthers(machine: Machine): number {
  const { across } = machine
  if (across === null || (machine.phase !== 'open' && machine.phase !== 'stopping')) return Infinity
  const nowMs = machine.clock.nowMs()
  let next = Infinity
  for (const [other, stream] of across.streams) {
    if (!across.isPresent(other) || stream.isTelling) continue
    const waitMs = Math.max(stream.againMs, isNew(machine, stream) ? 0 : stream.toldMs + everyMs)
    if (waitMs > nowMs) next = Math.min(next, waitMs - nowMs)
    else tell(machine, across, other, stream)
  }
  return next
}

const isNew = ({ captures }: Machine, stream: PeerStream): boolean =>
  stream.number === 0 ||
  stream.toldEpoch !== captures.epoch ||
  stream.points.length + stream.lines.size + stream.receipts.length > 0

function tell(machine: Machine, across: Across, other: MachineId, stream: PeerStream): void {
  const { number, era } = stream
  const content = number === 0 ? whole(machine) : newIn(stream)
  stream.isTelling = true
  stream.toldEpoch = machine.captures.epoch
  stream.toldMs = machine.clock.nowMs()
  const args: Told = {
    recovery: across.recovery,
    stream: machine.session * 1_000_000 + era,
    number,
    epoch: machine.captures.epoch,
    ...content,
  }
  across.remote.to(other).call(
    actorPorts.kernel,
    machineCalls.lineGossip,
    args,
    (reply) => {
      if (stream.era !== era) return
      stream.isTelling = false
      if (reply.status === 'ok') {
        across.hearRecovery(reply.recovery)
        if (reply.recovery > across.recovery) across.mustAgree = true
        if (reply.accepted) return stream.accepted(era)
      }
      stream.beginAnew()
      stream.againMs = machine.clock.nowMs() + againMs
    },
    answerMs,
  )
}

type Content = Pick<Told, 'points' | 'lines' | 'receipts'>

function newIn(stream: PeerStream): Content {
  const points = stream.points.splice(0, mostPoints).map(asTold)
  // The line comes behind the points that it names.
  if (stream.points.length > 0) return { points, lines: [], receipts: [] }
  const lines = [...stream.lines].map(([unit, interval]) => ({ unit, interval }))
  stream.lines.clear()
  return { points, lines, receipts: stream.receipts.splice(0) }
}

/** The line, and everything durable since. */
function whole(machine: Machine): Content {
  const points: Told['points'][number][] = []
  const receipts: Receipt[] = []
  for (const { unit, history } of unitsOf(machine)) {
    const { base, newer } = history
    if (base !== null) receipts.push(...receiptsOf(unit, base))
    for (const point of newer) {
      if (!point.fed) break
      points.push(asTold({ unit, interval: point.interval, dependencies: point.dependencies }))
    }
  }
  const { vector, over } = machine.captures
  const lines = [...over, ...vector].map(([unit, interval]) => ({ unit, interval }))
  return { points, lines, receipts }
}

const asTold = (point: {
  readonly unit: number
  readonly interval: number
  readonly dependencies: ReadonlyMap<number, number>
}): Told['points'][number] => ({
  unit: point.unit,
  interval: point.interval,
  received: [...point.dependencies].map(([unit, interval]) => ({ unit, interval })),
})
