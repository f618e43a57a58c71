/**
 * Where an actor sits: its port, the memory of its machine, what it calls and is called with. Whether it has its thread to itself is not its business,
 * unless it blocks: then it must.
 */
import type { Generation, Order, PortId } from '@katydid/abi'
import { AsyncBell } from './async-bell.js'
import { serveWithEvents } from './async-loop.js'
import { orderAs, workerBoot, type SeatBoot } from './boot.js'
import type { Bell } from './bell.js'
import { exposeControl } from './control-port.js'
import { Endpoint } from './endpoint.js'
import { invariant } from './invariant.js'
import { serveForever } from './loop.js'
import { bellOf } from './peers.js'
import { Region } from './region.js'
import { TickClock } from './tick-clock.js'
import { TraceRing } from './trace-ring.js'

export interface Seat {
  readonly region: Region
  readonly port: PortId
  readonly generation: Generation
  /** What it was started with. */
  readonly data: unknown
  readonly clock: TickClock
  readonly trace: TraceRing
  readonly endpoint: Endpoint
  /** Tells the host to do something. Posted, never awaited. */
  readonly order: (what: Order) => void
  /** Something happened in the event loop: a turn is wanted. Does nothing on a seat that blocks. */
  readonly wake: () => void
}

/** What sits there. */
export interface Part {
  /** Its functions are the host's to call; see `exposeControl`. */
  readonly control: object
  /** Runs after the mail of each turn; answers in how many milliseconds it wants another: 0 at once, Infinity never. */
  readonly turn: () => number
  /** It has ended, and its thread with it. */
  readonly isOver: () => boolean
  /** After its last turn. */
  readonly close?: () => Promise<void>
}

export type MakePart = (seat: Seat) => Part | Promise<Part>

/** Runs the one actor of this thread, which may block it. */
export async function serveAlone(make: MakePart): Promise<void> {
  const { region: handle, seats } = workerBoot()
  invariant(seats.length === 1, 'AC24: who may block has its thread to itself', {})
  const region = new Region(handle)
  const { port } = seats[0]!
  const bell = bellOf(region, port)
  const seat = seatOf(region, seats[0]!, bell, () => undefined)
  const { turn, isOver, control, close } = await make(seat)
  exposeControl(control, seats[0]!.control)
  await serveForever({ endpoint: seat.endpoint, bell, onTurn: turn, stopped: isOver })
  await close?.()
}

/** Runs all actors of this thread on one loop and one bell, that of the first. None of them blocks; when one has ended all have. */
export async function serveTogether(parts: ReadonlyMap<PortId, MakePart>): Promise<void> {
  const { region: handle, seats } = workerBoot()
  const region = new Region(handle)
  const bell = new AsyncBell(region, seats[0]!.port)
  const served = []
  for (const boot of seats) {
    const make = parts.get(boot.port)
    invariant(make !== undefined, 'AC24: a thread runs the actors it was made for', {
      port: boot.port,
    })
    const seat = seatOf(region, boot, null, () => bell.wake())
    const part = await make(seat)
    // What it does may want a turn, and comes when the bell that was rung for it may have been looked at already.
    exposeControl(part.control, boot.control, seat.wake)
    served.push({ endpoint: seat.endpoint, onTurn: part.turn, stopped: part.isOver, part })
  }
  await serveWithEvents({ bell, parts: served })
  for (const { part } of served) await part.close?.()
}

function seatOf(
  region: Region,
  { port, generation, data }: SeatBoot,
  bell: Bell | null,
  wake: () => void,
): Seat {
  const clock = new TickClock(region)
  const trace = new TraceRing(region, port)
  const endpoint = new Endpoint({ region, port, clock, bell, trace })
  const order = (what: Order): void => orderAs(port, what)
  return { region, port, generation, data, clock, trace, endpoint, order, wake }
}
