/**
 * Functions that programs import by name from Node's own modules: randomness, clocks of the process, timers. They are replaced once for
 * the thread, for those who have imported them already too, and answer the truth but for the program of a logged container.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import { uuid } from './replaced-globals.js'
import { refuseLater, steady } from './steady-clock.js'
import type { Visit } from './visit.js'

type Called = (...args: unknown[]) => unknown
type Answer = (visit: Visit, real: Called, args: unknown[]) => unknown
type Answers = Readonly<Record<string, Answer>>

const ofCrypto: Answers = {
  randomBytes: (visit, real, args) => {
    const bytes = synchronous('randomBytes', real, args) as Uint8Array
    visit.fillRandomly(bytes)
    return bytes
  },
  randomFillSync: (visit, real, args) => {
    // It refuses what it does not take, and fills what it is to fill; then that is filled from the visit.
    real(...args)
    const [into, offset = 0, size] = args as [ArrayBufferView | ArrayBuffer, number?, number?]
    const unit = (into as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1
    const from = offset * unit
    const length = size === undefined ? into.byteLength - from : size * unit
    visit.fillRandomly(
      ArrayBuffer.isView(into)
        ? new Uint8Array(into.buffer, into.byteOffset + from, length)
        : new Uint8Array(into, from, length),
    )
    return into
  },
  randomInt: (visit, real, args) => {
    synchronous('randomInt', real, args)
    const [least, end] = args.length < 2 ? [0, args[0]] : args
    return (least as number) + Math.floor(visit.random() * ((end as number) - (least as number)))
  },
  randomUUID: (visit) => uuid(visit),
  randomFill: () => refuseLater('randomFill'),
}

const nanoseconds = (visit: Visit): bigint => BigInt(Math.round(steady(visit) * 1e6))

const ofProcess: Answers = {
  uptime: (visit) => steady(visit) / 1000,
  hrtime: (visit, _real, [before]) => {
    const [seconds, rest] = (before ?? [0, 0]) as readonly [number, number]
    const since = nanoseconds(visit) - BigInt(seconds) * 1_000_000_000n - BigInt(rest)
    return [Number(since / 1_000_000_000n), Number(since % 1_000_000_000n)]
  },
}

const later = (name: string): Answers => ({ [name]: () => refuseLater(name) })
const ofTimers: Answers = Object.assign(
  {},
  ...['setTimeout', 'setInterval', 'setImmediate'].map(later),
) as Answers

/** Puts them in place. */
export function putModuleFunctions(active: () => Visit | null): void {
  const bigint = Reflect.get(process.hrtime, 'bigint') as Called
  replace(active, crypto, 'node:crypto’s ', ofCrypto)
  replace(active, timers, '', ofTimers)
  replace(active, process, 'process.', ofProcess)
  const hrtime = process.hrtime as { bigint: Called }
  hrtime.bigint = dispatched(active, 'process.hrtime.bigint', bigint, nanoseconds)
  syncBuiltinESMExports()
}

function replace(active: () => Visit | null, of: object, before: string, answers: Answers): void {
  const module = of as Record<string, Called>
  for (const [name, answer] of Object.entries(answers)) {
    const real = module[name]!
    // What else hangs on the function, as its form for promises, stays.
    module[name] = Object.assign(dispatched(active, before + name, real.bind(of), answer), real)
  }
}

const dispatched =
  (active: () => Visit | null, name: string, real: Called, answer: Answer): Called =>
  (...args) => {
    const visit = active()
    if (visit?.replaced === true) return answer(visit, real, args)
    visit?.cannotLog(name)
    return real(...args)
  }

/** What it answers at once. */
function synchronous(name: string, real: Called, args: unknown[]): unknown {
  return typeof args.at(-1) === 'function' ? refuseLater(`${name} with a callback`) : real(...args)
}
