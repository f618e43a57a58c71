/**
 * Deeds of a locus on threads, drawn beside a plain array of bytes: each carries the value it must find, so that the locus itself
 * says where memory and model part.
 */
import type { Random } from '@katydid/actor'

/** Name and arguments, as the fixture `fuzz-locus` understands them. */
export type Deed = readonly [string, ...unknown[]]

export interface Part {
  /** Where the part of a container begins, in bytes; a multiple of the page size. */
  readonly base: number
  readonly bytes: Uint8Array
}

type Draw = (random: Random, view: DataView, bytes: Uint8Array) => Deed

const word = (random: Random, bytes: Uint8Array): number => {
  const page = random.below(bytes.length / 4096)
  return page * 4096 + (random.chance(0.5) ? random.below(4) * 4 : random.below(1024) * 4)
}

const deeds: readonly (readonly [number, Draw])[] = [
  [6, load('load')],
  [2, load('atomicLoad')],
  [8, store('store')],
  [2, store('atomicStore')],
  [3, add],
  [2, exchange],
  [3, compareExchange],
  [3, setBytes],
  [2, getBytes],
  [1, fill],
  [1, wait],
  [1, (random, _, bytes) => ['notify', word(random, bytes)]],
  [1, () => ['outOfWindow']],
  [1, () => ['misaligned']],
]
const total = deeds.reduce((sum, [weight]) => sum + weight, 0)

/** Draws deeds and does them to the model. */
export function drawDeeds(random: Random, part: Part, count: number): Deed[] {
  const { bytes } = part
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: count }, () => {
    let left = random.below(total)
    const [, draw] = deeds.find(([weight]) => (left -= weight) < 0)!
    return draw(random, view, bytes)
  })
}

function load(name: string): Draw {
  return (random, view, bytes) => {
    const at = word(random, bytes)
    return [name, at, view.getInt32(at, true)]
  }
}

function store(name: string): Draw {
  return (random, view, bytes) => {
    const [at, value] = [word(random, bytes), random.next() | 0]
    view.setInt32(at, value, true)
    return [name, at, value]
  }
}

function add(random: Random, view: DataView, bytes: Uint8Array): Deed {
  const [at, by] = [word(random, bytes), random.next() | 0]
  const before = view.getInt32(at, true)
  view.setInt32(at, (before + by) | 0, true)
  return ['add', at, by, before]
}

function exchange(random: Random, view: DataView, bytes: Uint8Array): Deed {
  const [at, value] = [word(random, bytes), random.next() | 0]
  const before = view.getInt32(at, true)
  view.setInt32(at, value, true)
  return ['exchange', at, value, before]
}

function compareExchange(random: Random, view: DataView, bytes: Uint8Array): Deed {
  const [at, value] = [word(random, bytes), random.next() | 0]
  const before = view.getInt32(at, true)
  const expected = random.chance(0.7) ? before : before ^ 1
  if (expected === before) view.setInt32(at, value, true)
  return ['compareExchange', at, expected, value, before]
}

/** A range anywhere, also across pages. */
function range(random: Random, bytes: Uint8Array): [number, number] {
  const at = random.below(bytes.length)
  return [at, 1 + random.below(Math.min(6000, bytes.length - at))]
}

function setBytes(random: Random, _: DataView, bytes: Uint8Array): Deed {
  const [at, length] = range(random, bytes)
  const content = Uint8Array.from({ length: Math.min(length, 300) }, () => random.below(256))
  bytes.set(content, at)
  return ['setBytes', at, content]
}

function getBytes(random: Random, _: DataView, bytes: Uint8Array): Deed {
  const [at, length] = range(random, bytes)
  return ['getBytes', at, bytes.slice(at, at + Math.min(length, 300))]
}

function fill(random: Random, _: DataView, bytes: Uint8Array): Deed {
  const [at, length] = range(random, bytes)
  const byte = random.below(256)
  bytes.fill(byte, at, at + length)
  return ['fill', at, length, byte]
}

function wait(random: Random, view: DataView, bytes: Uint8Array): Deed {
  const at = word(random, bytes)
  return ['wait', at, view.getInt32(at, true) ^ 1]
}
