/**
 * Watches what managers are told, and holds it against what containers truly held: at each `container_snapshot` the words are copied, no
 * locus being able to change them, so that every name of a snapshot stands for content. What a manager is told of a name afterwards, and what
 * it says, is judged by that content.
 */
import {
  asInterval,
  asPort,
  asToken,
  managerUpcalls,
  type IntervalState,
  type PortId,
} from '@katydid/abi'
import type { IncomingCall, Messenger } from '@katydid/actor'
import type { WholeWorld } from '../campaign/whole-world.js'

type Told = 'containerSnapshot' | 'contRollback' | 'snapshotIsRecoverable'
const watched: readonly Told[] = ['containerSnapshot', 'contRollback', 'snapshotIsRecoverable']
const ranks: readonly IntervalState[] = ['none', 'volatile', 'stable', 'recoverable']

interface Subject {
  readonly cont: number
  readonly stateInterval: number
}

type Asked = IncomingCall<(typeof managerUpcalls)['stateIntervalQuery']>

/** What is known of a container, by its name. */
interface Record {
  /** Content by the name of its snapshot. */
  readonly content: Map<number, string>
  /** Names for which a snapshot is held: the newest recoverable one and all later ones. */
  held: number[]
  /** Content of lines that were announced, and of snapshots named recoverable, since it went back last. */
  expected: string[]
  onLine: string
  told: string[]
  newestTold: number
  /** How often it went back: what was asked before that is of another time. */
  times: number
  /** What is older than this may be given up. */
  floor: number
  /** What went back since the last event that said so. */
  rollbacks: { readonly interval: number; readonly step: number }[]
  touchedAt: number
  /** The best that was said of each snapshot. */
  readonly rank: Map<number, number>
}

/** Outlives the worlds that it watches, as its knowledge of snapshots must. */
export class UpcallJudge {
  /** The most snapshots of one container that had to be held at a time. */
  mostHeld = 0
  /** Upcalls judged, and answers of queries. */
  judged = 0
  answers = 0
  /** Answers that said for the first time that a snapshot is stable, or recoverable. */
  promises = 0
  /** Queries that are not answered yet. */
  asking = 0
  readonly #records = new Map<string, Record>()
  readonly #names: readonly string[]
  readonly #tokens = new Map<string, string>()
  #events = 0
  #lines = 0
  /** Since something was back last. */
  #blows = 0
  #world: WholeWorld | null = null

  constructor(names: readonly string[]) {
    this.#names = names
    for (const name of names) this.#records.set(name, freshRecord())
  }

  /** Watches a world from before it boots. */
  watch(world: WholeWorld): void {
    this.#world = world
    this.#events = this.#lines = this.#blows = this.asking = 0
    for (const record of this.#records.values()) {
      record.touchedAt = -1
      record.rollbacks = []
    }
    world.wrap = (messenger) => {
      this.#askAgain(messenger.port)
      return this.#around(messenger)
    }
    world.touched = (name) => {
      const record = this.#records.get(name)
      if (record !== undefined) record.touchedAt = world.sim.steps
    }
    const before = world.sim.onStep
    world.sim.onStep = () => {
      before?.()
      this.#look()
    }
  }

  /** Something is killed. A return that is struck again begins anew, so whoever lives may be told once more. */
  struck(): void {
    this.#blows++
  }

  /** Asks a manager in which state one of its snapshots is. */
  query(draw: (below: number) => number): void {
    const { machine } = this.#at
    const name = this.#names[draw(this.#names.length)]!
    const container = machine.containers.named(name)
    const record = this.#records.get(name)!
    const labels = [...record.content.keys()]
    if (container === null || container.manager === null || labels.length === 0) return
    const label = labels.at(-1 - draw(Math.min(4, labels.length)))!
    const args = { cont: container.token, stateInterval: asInterval(label) }
    const { session } = machine
    const isSettled = (): boolean => machine.phase === 'open' && machine.session === session
    const wasSettled = isSettled()
    const { times } = record
    const { stateIntervalQuery } = managerUpcalls
    this.asking++
    machine.messenger.call(asPort(container.manager), stateIntervalQuery, args, (reply) => {
      this.asking--
      if (reply.status !== 'ok' || this.#records.get(name) !== record) return
      if (record.times !== times) return
      this.answers++
      const rank = ranks.indexOf(reply.state)
      const best = record.rank.get(label) ?? 0
      // A manager that starts has the snapshot, and hears from the kernel alone that it is the line's.
      const known = wasSettled && isSettled() ? best : Math.min(best, ranks.indexOf('stable'))
      // What is older than the newest recoverable one may be gone.
      if (rank < known && !(rank === 0 && label < record.floor))
        this.#wrong(`${name} at ${label} was ${ranks[known]}, and is ${reply.state}`)
      record.rank.set(label, Math.max(rank, best))
      if (rank > best && rank >= ranks.indexOf('stable')) this.promises++
    })
  }

  /** A manager that starts is asked first of all for what was said to be stable. */
  #askAgain(port: PortId): void {
    const { messenger } = this.#at.machine
    for (const [key, name] of this.#tokens) {
      const [of, token] = key.split(' ').map(Number)
      if (of !== Number(port)) continue
      const record = this.#records.get(name)!
      for (const [label, rank] of record.rank) {
        if (rank < ranks.indexOf('stable') || label < record.floor) continue
        const args = { cont: asToken(token!), stateInterval: asInterval(label) }
        messenger.call(port, managerUpcalls.stateIntervalQuery, args, () => {})
      }
    }
  }

  /** At the end of a life, when nothing is on the way: each advance of the line was told, and once. */
  settle(): void {
    for (const [name, record] of this.#records) {
      if (record.told.join('; ') !== record.expected.join('; '))
        this.#wrong(`${name}: ${record.expected.length} advances and ${record.told.length} notices`)
      record.told = []
      record.expected = []
    }
  }

  get #at(): WholeWorld['kernel'] {
    return this.#world!.kernel
  }

  #around(messenger: Messenger): Messenger {
    return {
      port: messenger.port,
      call: messenger.call.bind(messenger),
      callSync: messenger.callSync.bind(messenger),
      serve: (group, handlers) => messenger.serve(group, this.#listen(messenger.port, handlers)),
      serveSome: (group, handlers) =>
        messenger.serveSome(group, this.#listen(messenger.port, handlers)),
    }
  }

  #listen<H extends object>(port: PortId, handlers: H): H {
    const heard = Object.entries(handlers).map(([upcall, handle]) => [
      upcall,
      (...args: unknown[]): unknown => {
        const told = watched.find((each) => each === upcall)
        const subject = args[0] as Subject
        if (told !== undefined) this.#heard(port, told, subject)
        const answer = (handle as (...of: unknown[]) => unknown)(
          subject,
          upcall === 'stateIntervalQuery'
            ? this.#overheard(port, subject, args[1] as Asked)
            : args[1],
        )
        if (upcall === 'stateIntervalQuery') this.#answered(port, subject, answer)
        return answer
      },
    ])
    return Object.fromEntries(heard) as H
  }

  /** The call, with its answer looked at when it comes later. */
  #overheard(port: PortId, subject: Subject, call: Asked): Asked {
    const { from, generation } = call
    return {
      from,
      generation,
      reply: (answer) => {
        this.#answered(port, subject, answer)
        call.reply(answer)
      },
    }
  }

  /** What was said to be stable is there after every crash, before the kernel has said a word of it. */
  #answered(port: PortId, { cont, stateInterval: label }: Subject, answer: unknown): void {
    const record = this.#records.get(this.#nameOf(port, cont) ?? '')
    const known = record?.rank.get(label) ?? 0
    if (record === undefined || label < record.floor || known < ranks.indexOf('stable')) return
    const { status, state } = (answer ?? {}) as {
      readonly status?: string
      readonly state?: string
    }
    if (status === undefined) return
    if (status !== 'ok' || ranks.findIndex((each) => each === state) < ranks.indexOf('stable'))
      this.#wrong(
        `a snapshot ${label} was ${ranks[known]}, and after a crash it is ${state ?? status}`,
      )
  }

  /** A container by the name that its manager has for it, also while the kernel does not know it yet. */
  #nameOf(port: PortId, token: number): string | undefined {
    const key = `${port} ${token}`
    const { containers } = this.#at.machine
    const found = containers
      .all()
      .find((each) => Number(each.token) === token && each.manager === port && !each.selfManaged)
    if (found !== undefined) this.#tokens.set(key, found.name)
    return this.#tokens.get(key)
  }

  #heard(port: PortId, told: Told, { cont, stateInterval: label }: Subject): void {
    const name = this.#nameOf(port, cont)
    const record = name === undefined ? undefined : this.#records.get(name)
    if (name === undefined || record === undefined) return
    this.judged++
    const { content, rank } = record
    if (told === 'containerSnapshot') {
      content.set(label, contentOf(this.#world!.model.containers.get(name)?.words))
      record.held.push(label)
      this.mostHeld = Math.max(this.mostHeld, record.held.length)
    } else if (told === 'contRollback') {
      record.floor = Math.max(record.floor, label)
      record.times++
      record.rollbacks.push({ interval: label, step: this.#world!.sim.steps })
      for (const [interval, state] of rank)
        if (interval > label) {
          if (ranks[state] === 'recoverable')
            this.#wrong(`${name} at ${interval} was recoverable, and it is back at ${label}`)
          rank.delete(interval)
        }
      record.held = record.held.filter((each) => each <= label)
    } else {
      if (label <= record.newestTold)
        this.#wrong(`${name} at ${label} is recoverable once more, after ${record.newestTold}`)
      record.newestTold = record.floor = label
      record.held = record.held.filter((each) => each >= label)
      record.told.push(content.get(label) ?? 'what never was')
    }
  }

  #look(): void {
    const { promises, events } = this.#world!
    for (; this.#lines < promises.length; this.#lines++) this.#advanced(promises[this.#lines]!.line)
    for (const event of events.slice(this.#events)) {
      this.#events++
      if (event.kind === 'rollback')
        this.#wentBack(new Map(event.moved.map(({ container, to }) => [container, to])))
      else if (event.kind === 'ready') this.#wentBack(null)
    }
  }

  /** A line was announced: of each container that is further on, its manager is to be told. */
  #advanced(line: ReadonlyMap<number, number>): void {
    for (const [name, record] of this.#records) {
      const content = this.#contentAt(name, line)
      if (content === null || content === record.onLine) continue
      record.onLine = content
      record.expected.push(content)
    }
  }

  /** Something is back: each container of it was told so once, at what it is back at, and before anybody ran in it. `to` null: all of the world. */
  #wentBack(to: ReadonlyMap<string, number> | null): void {
    const { vector } = this.#at.machine.captures
    const blows = this.#blows
    this.#blows = 0
    for (const [name, record] of this.#records) {
      const slot = this.#at.machine.containers.named(name)?.slot
      const at = to === null ? vector.get(slot ?? -1) : to.get(name)
      const { rollbacks } = record
      record.rollbacks = []
      if (slot === undefined) {
        // It was on no line, so it never was.
        this.#records.set(name, freshRecord())
        continue
      }
      if (at === undefined) {
        if (rollbacks.length > 0)
          this.#wrong(`${name} did not go back, and its manager was told so`)
        continue
      }
      const only = rollbacks.at(-1)
      if (only === undefined || rollbacks.length > Math.max(1, blows)) {
        this.#wrong(
          `${name} went back to ${at}, and its manager was told so ${rollbacks.length} times`,
        )
        continue
      }
      const held = only.interval === 0 ? '' : record.content.get(only.interval)
      const there = this.#contentAt(name, new Map([[slot, at]]))
      if (held !== there)
        this.#wrong(
          `${name} went back to ${at}, and its manager to what is not that, ${only.interval}`,
        )
      if (record.touchedAt >= only.step)
        this.#wrong(`a locus ran in ${name} before its manager had gone back`)
      // A manager that died may not have heard of all advances; and one that was made as it went back was not seen here.
      const common = Math.min(record.told.length, record.expected.length)
      if (record.told.slice(0, common).some((each, nth) => each !== record.expected[nth]))
        this.#wrong(`${name}: its manager was told of what is not on the line`)
      record.told = []
      record.expected = []
      record.onLine = held ?? ''
      record.newestTold = only.interval
      record.held = [only.interval]
    }
  }

  /** What a container held at its point on that line; null: it has none. */
  #contentAt(name: string, line: ReadonlyMap<number, number>): string | null {
    const slot = this.#at.machine.containers.named(name)?.slot
    const interval = slot === undefined ? undefined : line.get(slot)
    const picture = this.#world!.captured.get(`${slot} ${interval}`)
    if (picture === undefined || typeof picture === 'number') return null
    return contentOf(picture.container?.words)
  }

  #wrong(what: string): void {
    this.#world!.problems.push(what)
  }
}

const freshRecord = (): Record => ({
  content: new Map(),
  held: [],
  expected: [],
  onLine: '',
  told: [],
  newestTold: 0,
  times: 0,
  floor: 0,
  rollbacks: [],
  touchedAt: -1,
  rank: new Map(),
})

const contentOf = (words: ReadonlyMap<number, number> | undefined): string =>
  [...(words ?? [])]
    .filter(([, value]) => value !== 0)
    .sort(([a], [b]) => a - b)
    .join(' ')
