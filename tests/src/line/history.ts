/**
 * Units that send, receive, are captured and log, and what truly happened to them.
 *
 * The truth is kept as unique ids of messages: what each unit sent and received, in its order, and how much of that each
 * restorable image holds. Interval numbers are made beside it by the rules under test and are never used to judge.
 */
import type { Point } from '@katydid/kernel/state-interval/line/line.js'

/** `snapshotting` is restored from snapshots alone; `logging` from any interval whose receipts are logged. */
export type Kind = 'snapshotting' | 'logging'

/** When units are captured: as they like, when a message of a later epoch comes (global clock), or by a counter of their own. */
export type CaptureRule = 'free' | 'epoch' | 'counter'

export interface Rules {
  readonly kinds: readonly Kind[]
  readonly capture: CaptureRule
  /** That a snapshot opens a new interval. Without it the rule is broken: the mutant that must be found. */
  readonly bump: boolean
}

export interface Message {
  readonly id: number
  readonly from: number
  readonly to: number
  readonly interval: number
  readonly epoch: number
}

/** What a restored unit has done: ids of messages. */
export interface Image {
  readonly sent: ReadonlySet<number>
  readonly received: ReadonlySet<number>
}

/** Where the reports of a history go. */
export interface Reports {
  open(point: Point): void
  stable(unit: number, interval: number): void
  discard(unit: number, interval: number): void
}

interface Deed {
  readonly id: number
  readonly isSend: boolean
}

interface State {
  readonly kind: Kind
  interval: number
  epoch: number
  received: Map<number, number>
  readonly ever: Map<number, number>
  readonly deeds: Deed[]
  /** How many deeds each image holds; null as long as its interval goes on. */
  readonly images: Map<number, number | null>
  /** Points opened and neither stable nor discarded, rising. */
  readonly open: number[]
  /** A logging unit did what cannot be logged: until its next snapshot nothing of it can be replayed. */
  isBroken: boolean
}

export class History {
  readonly rules: Rules
  readonly inFlight: Message[] = []
  readonly #reports: Reports
  readonly #units: State[]
  #clock = 1
  #nextId = 1

  constructor(rules: Rules, reports: Reports) {
    this.rules = rules
    this.#reports = reports
    this.#units = rules.kinds.map((kind) => ({
      kind,
      interval: 1,
      epoch: 1,
      received: new Map(),
      ever: new Map(),
      deeds: [],
      images: new Map(),
      open: [],
      isBroken: false,
    }))
    for (const [unit, { kind }] of this.#units.entries())
      if (kind === 'logging') this.#openLogged(unit, new Map())
  }

  get unitCount(): number {
    return this.#units.length
  }

  openPoints(unit: number): readonly number[] {
    return [...this.#at(unit).open]
  }

  send(from: number, to: number): Message {
    const { interval, epoch, deeds } = this.#at(from)
    const message = { id: this.#nextId++, from, to, interval, epoch }
    deeds.push({ id: message.id, isSend: true })
    this.inFlight.push(message)
    return message
  }

  /** The unit is captured first when the message is of a later epoch. A receipt opens an interval. */
  receive(message: Message): void {
    this.inFlight.splice(this.inFlight.indexOf(message), 1)
    const unit = this.#at(message.to)
    if (this.rules.capture !== 'free' && message.epoch > unit.epoch) {
      unit.epoch = message.epoch
      this.#capture(message.to)
    }
    this.#endInterval(unit)
    unit.deeds.push({ id: message.id, isSend: false })
    unit.ever.set(message.from, Math.max(message.interval, unit.ever.get(message.from) ?? 0))
    if (unit.kind === 'logging' && !unit.isBroken)
      this.#openLogged(message.to, new Map([[message.from, message.interval]]))
    else {
      const before = unit.received.get(message.from) ?? 0
      unit.received.set(message.from, Math.max(before, message.interval))
    }
  }

  /** The common clock goes on: units that notice are captured. */
  tick(): void {
    this.#clock++
  }

  /** The unit is captured of its own accord, as its rule has it. */
  capture(unit: number): void {
    const state = this.#at(unit)
    if (this.rules.capture === 'epoch') {
      if (state.epoch >= this.#clock) return
      state.epoch = this.#clock
    } else if (this.rules.capture === 'counter') state.epoch++
    this.#capture(unit)
  }

  /** The unit does what cannot be logged. What comes next is in another interval: a replay ends before it. */
  upset(unit: number): void {
    const state = this.#at(unit)
    if (state.kind !== 'logging' || state.isBroken) return
    this.#endInterval(state)
    state.isBroken = true
  }

  /** A point is reported stable; of a logging unit, all logged intervals up to it. */
  stable(unit: number, interval: number): void {
    const { kind, open } = this.#at(unit)
    const chosen = open.filter((each) =>
      kind === 'logging' ? each <= interval : each === interval,
    )
    for (const each of chosen) {
      open.splice(open.indexOf(each), 1)
      this.#reports.stable(unit, each)
    }
  }

  /** A point that never was stable is given up. */
  discard(unit: number, interval: number): void {
    const { open } = this.#at(unit)
    const at = open.indexOf(interval)
    if (at === -1) return
    open.splice(at, 1)
    this.#reports.discard(unit, interval)
  }

  /** What the unit has done, as restored from the point; nothing for the empty container. */
  image(unit: number, interval: number): Image {
    const { deeds, images } = this.#at(unit)
    const count = interval === 0 ? 0 : images.get(interval)
    if (count === undefined) throw new Error(`unit ${unit} has no image ${interval}`)
    return imageOf(deeds.slice(0, count ?? deeds.length))
  }

  /** All that the unit has done up to now. */
  now(unit: number): Image {
    return imageOf(this.#at(unit).deeds)
  }

  /** The highest interval of each sender that it has received ever. */
  received(unit: number): ReadonlyMap<number, number> {
    return this.#at(unit).ever
  }

  #capture(unit: number): void {
    const state = this.#at(unit)
    // A unit that replays is restored from its log; a snapshot only makes the replay shorter.
    if (state.kind === 'logging' && !state.isBroken) return
    // Only the broken rule comes here with a name that is taken.
    if (state.images.has(state.interval)) return
    const label = state.interval
    state.images.set(label, state.deeds.length)
    state.open.push(label)
    this.#reports.open({ unit, interval: label, dependencies: state.received })
    state.received = new Map()
    if (this.rules.bump) state.interval++
    if (state.kind === 'snapshotting') return
    state.isBroken = false
    this.#openLogged(unit, new Map())
  }

  /** The interval that began can be replayed up to its end, wherever that will be. */
  #openLogged(unit: number, dependencies: ReadonlyMap<number, number>): void {
    const state = this.#at(unit)
    if (state.images.has(state.interval)) return
    state.images.set(state.interval, null)
    state.open.push(state.interval)
    this.#reports.open({ unit, interval: state.interval, dependencies })
  }

  #endInterval(state: State): void {
    if (state.images.get(state.interval) === null)
      state.images.set(state.interval, state.deeds.length)
    state.interval++
  }

  #at(unit: number): State {
    return this.#units[unit]!
  }
}

function imageOf(deeds: readonly Deed[]): Image {
  const ids = (isSend: boolean) =>
    new Set(deeds.filter((each) => each.isSend === isSend).map(({ id }) => id))
  return { sent: ids(true), received: ids(false) }
}
