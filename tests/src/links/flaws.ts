/** Links that are not as they should be, one for each thing that a link promises. */
import { linkHeadWords } from '@katydid/abi'
import type { LinkCore } from '@katydid/actor'
import type { Flaw } from './simulated-links.js'

const { at: word } = linkHeadWords

/** Rewrites a frame as if it had been meant for the incarnation that is there now. */
function readdressed(core: LinkCore, frame: Uint8Array): Uint8Array {
  if (frame.length < linkHeadWords.bytes) return frame
  new DataView(frame.buffer, frame.byteOffset).setFloat64(
    word.toIncarnation * 4,
    core.incarnation,
    true,
  )
  return frame
}

/** Each with the rule of the check that must catch it. */
export const flaws: readonly (readonly [name: string, rule: string, flaw: Flaw])[] = [
  [
    'delivers some twice',
    'NW1',
    {
      listener: (inner) => ({
        ...inner,
        message: (from, bytes) => {
          inner.message(from, bytes)
          if (bytes.length > 3 && bytes[3]! % 50 === 7) inner.message(from, bytes)
        },
      }),
    },
  ],
  [
    'lets one overtake another',
    'NW1',
    {
      listener: (inner) => {
        let held: (() => void) | null = null
        return {
          ...inner,
          message: (from, bytes) => {
            const before = held
            held = null
            if (before === null && bytes.length > 3 && bytes[3] === 50)
              held = () => inner.message(from, bytes)
            else inner.message(from, bytes)
            before?.()
          },
        }
      },
    },
  ],
  [
    'loses what could have arrived',
    'NW1',
    {
      listener: (inner) => ({
        ...inner,
        message: (from, bytes) => {
          if (bytes.length <= 3 || bytes[3] !== 99) inner.message(from, bytes)
        },
      }),
    },
  ],
  [
    'cuts what is long',
    'NW5',
    {
      listener: (inner) => ({
        ...inner,
        message: (from, bytes) => inner.message(from, bytes.slice(0, 100_000)),
      }),
    },
  ],
  [
    'takes whatever is long',
    'NW5',
    { send: (core, to, bytes) => core.send(to, bytes.slice(0, 300_000)) },
  ],
  [
    'gives all receivers one buffer',
    'NW5',
    {
      listener: (inner) => {
        const one = new Uint8Array(300_000)
        return {
          ...inner,
          message: (from, bytes) => {
            one.set(bytes)
            inner.message(from, one.subarray(0, bytes.length))
          },
        }
      },
    },
  ],
  [
    'takes messages to its last incarnation',
    'NW3',
    { arrive: (core, frame) => core.arrive(readdressed(core, frame)) },
  ],
  [
    'reports nobody anew after the first time',
    'NW3',
    {
      listener: (inner) => {
        const known = new Set<number>()
        return {
          ...inner,
          peer: (event) => {
            if (event.what !== 'anew' || !known.has(event.peer)) inner.peer(event)
            if (event.what === 'anew') known.add(event.peer)
          },
        }
      },
    },
  ],
  [
    'says nothing of silence',
    'NW4',
    {
      listener: (inner) => ({
        ...inner,
        peer: (event) => {
          if (event.what !== 'silent') inner.peer(event)
        },
      }),
    },
  ],
  [
    'says it of everybody',
    'NW4',
    {
      listener: (inner, core) => ({
        ...inner,
        peer: (event) => {
          if (event.what !== 'silent') inner.peer(event)
          else for (const peer of core().peers) inner.peer({ peer, what: 'silent' })
        },
      }),
    },
  ],
  [
    'falls over bytes that are no frame',
    'NW6',
    {
      arrive: (core, frame) => {
        const before = core.dropped.malformed
        core.arrive(frame)
        if (core.dropped.malformed > before) throw new RangeError('no such head')
      },
    },
  ],
  [
    'does not count what it throws away',
    'NW6',
    {
      arrive: (core, frame) => {
        core.arrive(frame)
        core.dropped.malformed = 0
      },
    },
  ],
]
