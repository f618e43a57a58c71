/** Programs of logged containers, and those that visit them. What they do is in the block they are given. */
import { randomBytes, randomFillSync, randomInt, randomUUID } from 'node:crypto'
import { hrtime } from 'node:process'
import { setTimeout as later } from 'node:timers'
import type { Capref } from '@katydid/abi'
import { encodeBlock, LocusError, type Locus } from '@katydid/locus'

/** What the program of a logged container can be told to do. */
export type Step =
  | readonly ['draw', Source, number]
  | readonly ['write', number, number]
  | readonly ['call', number, readonly Step[]]
  | readonly ['again', readonly Step[]]
  | readonly ['say', string]
  | readonly ['throw', string]
  | readonly ['odd', Odd]

export interface Work {
  readonly caps: readonly Capref[]
  readonly steps: readonly Step[]
}

const view = new DataView(new ArrayBuffer(8))

/** Whatever was drawn, as four bytes of it that differ when it does. */
function folded(value: number | string | bigint | Uint8Array): number {
  if (typeof value === 'number') {
    view.setFloat64(0, value)
    return view.getInt32(0) ^ view.getInt32(4)
  }
  return Buffer.from(typeof value === 'bigint' ? String(value) : value).reduce(
    (sum, byte) => (Math.imul(sum, 31) + byte) | 0,
    7,
  )
}

/** Each way to something that is another each time. */
export const sources = {
  now: (locus: Locus) => locus.now(),
  random: (locus: Locus) => locus.random(),
  dateNow: () => Date.now(),
  newDate: () => new Date().getTime(),
  dateText: () => Date(),
  mathRandom: () => Math.random(),
  performanceNow: () => performance.now(),
  timeOrigin: () => performance.timeOrigin,
  hrtime: () => hrtime()[1],
  hrtimeSince: () => process.hrtime(process.hrtime())[1],
  bigint: () => process.hrtime.bigint(),
  uptime: () => process.uptime(),
  values: () => crypto.getRandomValues(new Uint16Array(3)).join(),
  uuid: () => crypto.randomUUID(),
  bytes: () => randomBytes(70),
  int: () => randomInt(5, 1_000_000),
  moduleUuid: () => randomUUID(),
  fillSync: () => randomFillSync(new Uint32Array(4), 1, 2).join(),
} as const satisfies Record<string, (locus: Locus) => number | string | bigint | Uint8Array>
export type Source = keyof typeof sources

/** Each thing that no record can hold. */
export const odds = {
  wait: (locus: Locus) => locus.wait(locus.window(), 0, 1, 1),
  notify: (locus: Locus) => locus.notify(locus.window(), 0),
  outside: (locus: Locus) => locus.outside(() => 1),
  semaphoreP: (locus: Locus) => locus.semaphoreP(1 as Capref, 1),
  semaphoreV: (locus: Locus) => locus.semaphoreV(1 as Capref),
  transaction: (locus: Locus) =>
    locus.transaction(locus.container, () => 1, { durable: 'volatile' }),
  createLocus: (locus: Locus) => locus.createLocus(locus.container),
  createContainer: (locus: Locus) => locus.createContainer({ size: 4096 }),
  past: (locus: Locus) => locus.past().list(),
  map: (locus: Locus) => locus.map(4096, 4096, locus.container),
  print: (locus: Locus) => locus.print('hello'),
  mapped: (locus: Locus) => locus.window(8192, 4096).length,
} as const satisfies Record<string, (locus: Locus) => unknown>
export type Odd = keyof typeof odds

/** Does what it is told, and answers what it was answered, folded. */
export function worker(locus: Locus): unknown {
  const { caps, steps } = locus.argument<Work>()
  const window = locus.window()
  let sum = 0
  const put = (at: number, value: number): void => {
    sum = (Math.imul(sum, 31) + value) | 0
    window.setInt32(at * 4, window.getInt32(at * 4) ^ Math.imul(value, 0x9e3779b1))
  }
  for (const step of steps)
    if (step[0] === 'draw') put(step[2], folded(sources[step[1]](locus)))
    else if (step[0] === 'write') put(step[1], step[2])
    else if (step[0] === 'say') locus.log(`${step[1]} of ${locus.name}`)
    else if (step[0] === 'throw') throw new RangeError(`${step[1]} ${sum}`)
    else if (step[0] === 'odd') put(1, folded(refusal(() => odds[step[1]](locus))))
    else {
      const [to, inner] =
        step[0] === 'again' ? [locus.container, step[1]] : [caps[step[1]]!, step[2]]
      const block = encodeBlock({ caps, steps: inner } satisfies Work)
      put(2, folded(refusal(() => folded(locus.invoke(to, block)))))
    }
  return sum
}

/** A program that nobody could run again, though its container is not logged. */
export function moody(locus: Locus): unknown {
  locus.window().setInt32(0, Math.floor(Math.random() * 2 ** 31))
  if (Math.random() < 0.2) throw new Error(`not now: ${Date.now()} ${performance.now()}`)
  return [Math.random(), Date.now()]
}

function refusal(body: () => unknown): string {
  try {
    return String(body())
  } catch (error) {
    if (error instanceof LocusError) return error.message
    throw error
  }
}

/** Visits with one block after the other, and answers what came of each. */
export function visitor(locus: Locus): unknown {
  const { to, blocks } = locus.argument<{ to: Capref; blocks: Uint8Array[] }>()
  return blocks.map((block) => {
    try {
      return locus.invoke(to, block)
    } catch (error) {
      if (error instanceof LocusError) return error.message
      throw error
    }
  })
}

let runs = 0

/** Reaches around: what is in its module’s variables is in no record. */
export function counter(locus: Locus): number {
  runs++
  locus.window().setInt32(0, runs)
  return 0
}

const real = {
  Date,
  now: Date.now,
  random: Math.random,
  performance: Reflect.get(performance, 'now') as unknown,
  timeout: setTimeout,
}

/** Which globals are not everybody’s at this moment. */
export function globalsNow(): string[] {
  const now = {
    Date,
    now: Date.now,
    random: Math.random,
    performance: Reflect.get(performance, 'now') as unknown,
    timeout: setTimeout,
  }
  return Object.keys(real).filter((key) => real[key as 'now'] !== now[key as 'now'])
}

/** Says which globals are replaced: before, in and after what it invokes. */
export function globals(locus: Locus): unknown {
  const { caps, steps } = locus.argument<Work>()
  const before = globalsNow()
  const inner = caps.map((cap) => {
    try {
      return locus.invoke(cap, encodeBlock({ caps: [], steps } satisfies Work))
    } catch (error) {
      return String(error)
    }
  })
  if (steps.length > 0) throw new Error(`with ${globalsNow().length}`)
  return [before, inner, globalsNow()]
}

const [keptDate, keptNow] = [Date, Date.now]
let keptInside: (() => number) | null = null

/** What was kept of the globals, outside and inside: who answers, and what. */
export function kept(): unknown {
  const inside = keptInside
  keptInside = Date.now
  return {
    date: new keptDate().getTime() % 1000 !== 0 || new keptDate().getTime() > 0,
    now: keptNow() - (inside?.() ?? Date.now()),
    isDate: new Date() instanceof keptDate && new Date(5).getTime() === 5 && Date.UTC(1970) === 0,
  }
}

export function timers(): unknown {
  return [
    refusal(() => setTimeout(() => undefined, 1)),
    refusal(() => setInterval(() => undefined, 1)),
    refusal(() => setImmediate(() => undefined)),
    refusal(() => queueMicrotask(() => undefined)),
    refusal(() => randomBytes(4, () => undefined)),
    refusal(() => later(() => undefined, 1)),
  ]
}

/** Stays for so many milliseconds, and notes in word 8 how many were in at once, at most. */
export function stays(locus: Locus): number {
  const window = locus.window()
  const inside = window.add(0, 1) + 1
  if (inside > window.getInt32(8)) window.setInt32(8, inside)
  const word = new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(word, 0, 0, locus.argument<number>())
  window.add(0, -1)
  return inside
}

/** Answers as much as it may, and so does whatever it invokes. */
export function large(locus: Locus): Uint8Array {
  const caps = locus.args.length === 0 ? [] : locus.argument<Work>().caps
  for (const cap of caps) locus.invoke(cap)
  return new Uint8Array(caps.length === 0 ? 32 * 1024 : 0)
}

/** Draws the time so often, and keeps each in its container. */
export function draws(locus: Locus): number {
  const window = locus.window()
  const times = locus.argument<number>()
  for (let i = 0; i < times; i++) window.setFloat64(i * 8, Date.now())
  return window.getFloat64((times - 1) * 8)
}

export function nowAndRandom(locus: Locus): unknown {
  const many = Array.from({ length: 200 }, () => [locus.now(), locus.random()] as const)
  return { times: many.map(([time]) => time), numbers: many.map(([, number]) => number) }
}
