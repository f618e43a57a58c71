/**
 * What a program sees instead of the globals that answer differently each time, while it runs in a logged container. At level
 * `deterministic` they answer from the visit, and what needs a later turn of the event loop refuses; at `logging` they answer the
 * truth, and the visit cannot be logged. A program that kept one of them, and calls it elsewhere, is answered the truth.
 */
import { origin, refuseLater, steady } from './steady-clock.js'
import type { Visit } from './visit.js'

/** A property to be put in the place of another. */
export interface Replacement {
  readonly holder: object
  readonly key: string
  readonly descriptor: PropertyDescriptor
}

type Unknown = (...args: never[]) => unknown
type Called = (...args: unknown[]) => unknown

const RealDate = Date
const uuidLength = 16

/** What to put while `active` answers a visit; null from it: nobody visits, and all answer the truth. */
export function replacements(active: () => Visit | null): readonly Replacement[] {
  /** The function of that name, or what the visit answers in its place. */
  const by = (name: string, real: Unknown, replaced: (visit: Visit, args: never[]) => unknown) =>
    function (this: unknown, ...args: never[]): unknown {
      const visit = active()
      if (visit?.replaced === true) return replaced(visit, args)
      visit?.cannotLog(name)
      return Reflect.apply(real, this, args) as unknown
    }
  const put = (
    holder: object,
    key: string,
    name: string,
    replaced: (visit: Visit, args: never[]) => unknown,
  ): Replacement => {
    const real = (holder as Record<string, Unknown>)[key]!
    const value = by(name, real, replaced)
    return { holder, key, descriptor: { value, writable: true, configurable: true } }
  }
  const refused = (key: string): Replacement => put(globalThis, key, key, () => refuseLater(key))
  const clocks = Object.getPrototypeOf(performance) as object
  const randoms = Object.getPrototypeOf(globalThis.crypto) as object
  return [
    { holder: globalThis, key: 'Date', descriptor: plain(dateOf(active)) },
    put(RealDate, 'now', 'Date.now', (visit) => Math.floor(visit.now())),
    put(Math, 'random', 'Math.random', (visit) => visit.random()),
    put(clocks, 'now', 'performance.now', steady),
    { holder: clocks, key: 'timeOrigin', descriptor: timeOriginOf(active, clocks) },
    put(randoms, 'getRandomValues', 'crypto.getRandomValues', (visit, [into]) =>
      filled(visit, into),
    ),
    put(randoms, 'randomUUID', 'crypto.randomUUID', (visit) => uuid(visit)),
    ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map(refused),
  ]
}

const plain = (value: unknown): PropertyDescriptor => ({
  value,
  writable: true,
  configurable: true,
})

/** A `Date` that is the real one but for what it makes of no arguments. */
function dateOf(active: () => Visit | null): DateConstructor {
  const now = (): number[] => {
    const visit = active()
    if (visit?.replaced === true) return [Math.floor(visit.now())]
    visit?.cannotLog('Date')
    return []
  }
  return new Proxy(RealDate, {
    construct: (target, args, made) =>
      Reflect.construct(target, args.length === 0 ? now() : args, made) as object,
    apply: (target) => new target(...(now() as [])).toString(),
  })
}

function timeOriginOf(active: () => Visit | null, clocks: object): PropertyDescriptor {
  const real = Object.getOwnPropertyDescriptor(clocks, 'timeOrigin')!
  const truth = Reflect.get(real, 'get') as () => unknown
  const get = function (this: unknown): unknown {
    const visit = active()
    if (visit?.replaced === true) return origin(visit)
    visit?.cannotLog('performance.timeOrigin')
    return truth.call(this)
  }
  return { ...real, get }
}

const realFill = globalThis.crypto.getRandomValues.bind(globalThis.crypto) as Called

/** Fills an array as `getRandomValues` does, refusing what it refuses. */
function filled(visit: Visit, into: unknown): unknown {
  realFill(into)
  const { buffer, byteOffset, byteLength } = into as Uint8Array
  visit.fillRandomly(new Uint8Array(buffer, byteOffset, byteLength))
  return into
}

/** A random UUID of version 4. */
export function uuid(visit: Visit): string {
  const bytes = new Uint8Array(uuidLength)
  visit.fillRandomly(bytes)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
