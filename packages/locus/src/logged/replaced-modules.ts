/**
 * The randomness of `node:crypto`, which programs import by name: its functions are replaced once for the thread, and answer the truth
 * but for the program of a logged container.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { LocusError } from '../locus-error.js'
import { uuid } from './replaced-globals.js'
import type { Visit } from './visit.js'

type Called = (...args: unknown[]) => unknown
type Answer = (visit: Visit, real: Called, args: unknown[]) => unknown

const answers: Readonly<Record<string, Answer>> = {
  randomBytes: (visit, real, args) => {
    const bytes = synchronous('randomBytes', real, args) as Uint8Array
    visit.fill(bytes)
    return bytes
  },
  randomFillSync: (visit, real, args) => {
    // It refuses what it does not take, and fills what it is to fill; then that is filled from the visit.
    real(...args)
    const [into, offset = 0, size] = args as [ArrayBufferView | ArrayBuffer, number?, number?]
    const unit = (into as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1
    const from = offset * unit
    const length = size === undefined ? into.byteLength - from : size * unit
    visit.fill(
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
  randomFill: (_visit, real, args) => synchronous('randomFill', real, args),
}

/** Puts them in place, for those who have imported them already too. */
export function putModuleFunctions(active: () => Visit | null): void {
  const module = crypto as unknown as Record<string, Called>
  for (const [name, answer] of Object.entries(answers)) {
    const real = module[name]!.bind(crypto)
    module[name] = (...args: unknown[]): unknown => {
      const visit = active()
      if (visit?.replaced === true) return answer(visit, real, args)
      visit?.cannotLog(`node:crypto’s ${name}`)
      return real(...args)
    }
  }
  syncBuiltinESMExports()
}

/** What it answers at once. */
function synchronous(name: string, real: Called, args: unknown[]): unknown {
  if (typeof args.at(-1) !== 'function') return real(...args)
  throw new LocusError(
    'program_is_async',
    `${name} with a callback needs a later turn of the event loop, and a deterministic program is synchronous`,
  )
}
