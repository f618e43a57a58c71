/**
 * Calls of a locus on threads, drawn beside a model of what it may use: a part of its container in which it maps, and what of another container is
 * mapped there; its semaphores; containers that it invokes. Each deed carries the answer that it must have.
 */
import { rights } from '@katydid/abi'
import type { Random } from '@katydid/actor'
import { drawDeeds, type Deed, type Part } from './thread-deeds.js'

const pageBytes = 4096
const semaphores = 4

interface Mapping {
  readonly at: number
  readonly length: number
  readonly sourceAt: number
  readonly access: 'read' | 'write'
}

/** Where one locus maps what nobody else maps or writes. Offsets of mappings count from `own.base` and `source.base`. */
export interface MapArea {
  readonly own: Part
  readonly source: Part
  mappings: readonly Mapping[]
}

/** What a locus may use, and what it was told of that. */
export interface Surroundings {
  readonly name: string
  readonly area: MapArea
  /** Capabilities in the table of its container. */
  readonly source: number
  readonly inner: number
  /** What it writes of the containers that it invokes, and in turn from there; and the capability for the latter. */
  readonly invoked: Part
  readonly deeper: Part
  readonly innerToDeep: number
  /** A container of transactions, one whose visits are logged, and one that is empty after a recovery: each with the part that it writes there. */
  readonly ledger: Elsewhere
  readonly till: Elsewhere
  readonly scratch: Elsewhere
  /** The counts of its semaphores; null: destroyed, and the capability is still there. */
  readonly counts: Map<number, number | null>
  /** Lines that must be told of it, in order. */
  readonly lines: string[]
}

interface Elsewhere {
  readonly cap: number
  readonly part: Part
}

type Draw = (random: Random, around: Surroundings) => readonly Deed[]

const kinds: readonly (readonly [number, Draw])[] = [
  [6, map],
  [3, unmap],
  [1, mapped],
  [8, mappedLoad],
  [8, mappedStore],
  [3, mappedAdd],
  [2, mapWrong],
  [1, staleWindow],
  [8, semaphore],
  [1, helper],
  [2, (random, around) => [['invoke', around.inner, invocation(random, around)]]],
  [1, (random, around) => [['durableInvoke', around.inner, invocation(random, around)]]],
  [1, snapshot],
  [4, print],
  [2, derive],
  [2, (random) => [['forged', (random.next() | 0x40000000) >>> 0]]],
  [1, ownContainer],
  [3, transaction],
  [2, visit],
  [1, scratch],
]
const total = kinds.reduce((sum, [weight]) => sum + weight, 0)

/** Draws what a locus calls next: one deed or a few that belong together, done to the model. */
export function drawCalls(random: Random, around: Surroundings): readonly Deed[] {
  let left = random.below(total)
  const [, draw] = kinds.find(([weight]) => (left -= weight) < 0)!
  return draw(random, around)
}

/** So that nothing of it is left: its semaphores are destroyed. */
export function tidyUp({ counts }: Surroundings): Deed[] {
  return [...counts].flatMap(([nth, count]): Deed[] => [
    ['semDestroy', nth, count === null ? 'entity_gone' : 'ok'],
    ['semForget', nth],
  ])
}

const pagesOf = ({ bytes }: Part): number => bytes.length / pageBytes

function wanted(random: Random, { own, source, mappings }: MapArea): Mapping {
  const known = mappings[random.below(Math.max(1, mappings.length))]
  if (known !== undefined && random.chance(0.15)) return known
  const pages = 1 + random.below(4)
  return {
    at: random.below(pagesOf(own) - pages + 1) * pageBytes,
    length: pages * pageBytes,
    sourceAt: random.below(pagesOf(source) - pages + 1) * pageBytes,
    access: random.chance(0.7) ? 'write' : 'read',
  }
}

function map(random: Random, { area, source }: Surroundings): readonly Deed[] {
  const drawn = wanted(random, area)
  const there = area.mappings.filter(
    (each) => each.at < drawn.at + drawn.length && drawn.at < each.at + each.length,
  )
  const [only] = there
  const isSame =
    there.length === 1 &&
    only!.at === drawn.at &&
    only!.length === drawn.length &&
    only!.sourceAt === drawn.sourceAt &&
    only!.access === drawn.access
  const status = there.length === 0 || isSame ? 'ok' : 'already_mapped'
  if (there.length === 0)
    area.mappings = [...area.mappings, drawn].sort((one, other) => one.at - other.at)
  return [
    [
      'map',
      area.own.base + drawn.at,
      drawn.length,
      source,
      area.source.base + drawn.sourceAt,
      drawn.access,
      status,
    ],
  ]
}

function unmap(random: Random, { area }: Surroundings): readonly Deed[] {
  const { at, length } = wanted(random, area)
  const chosen = random.chance(0.8)
    ? area.mappings[random.below(Math.max(1, area.mappings.length))]
    : area.mappings.find((each) => each.at === at && each.length === length)
  area.mappings = area.mappings.filter((each) => each !== chosen)
  const where = chosen ?? { at, length }
  const isExact = chosen !== undefined
  // Exactly what is mapped and nothing else is unmapped.
  if (!isExact && area.mappings.some((each) => each.at === at && each.length === length)) return []
  return [['unmap', area.own.base + where.at, where.length, isExact ? 'ok' : 'not_mapped']]
}

function mapped(_: Random, { area }: Surroundings): readonly Deed[] {
  const { own, source, mappings } = area
  const listed = mappings.map(({ at, length, sourceAt, access }) => {
    const allowed = access === 'write' ? rights.read | rights.write : rights.read
    return [own.base + at, length, source.base + sourceAt, allowed, true].join()
  })
  return [['mapped', own.base, own.base + own.bytes.length, listed.join(' ')]]
}

interface Supply {
  /** Of the container. */
  readonly at: number
  readonly view: DataView
  readonly offset: number
  readonly writable: boolean
}

/** A word of the area, and who supplies it: the container's own page, or what is mapped over it. */
function supplied(random: Random, { own, source, mappings }: MapArea): Supply {
  const page = random.below(pagesOf(own)) * pageBytes
  const within = random.chance(0.5) ? random.below(4) * 4 : random.below(1024) * 4
  const found = mappings.find(({ at, length }) => page >= at && page < at + length)
  const of = found === undefined ? own : source
  const offset = found === undefined ? page : found.sourceAt + page - found.at
  const view = new DataView(of.bytes.buffer, of.bytes.byteOffset, of.bytes.byteLength)
  const writable = found?.access !== 'read'
  return { at: own.base + page + within, view, offset: offset + within, writable }
}

function mappedLoad(random: Random, { area }: Surroundings): readonly Deed[] {
  const { at, view, offset } = supplied(random, area)
  return [['mappedLoad', at, view.getInt32(offset, true)]]
}

function mappedStore(random: Random, { area }: Surroundings): readonly Deed[] {
  const { at, view, offset, writable } = supplied(random, area)
  const value = random.next() | 0
  if (writable) view.setInt32(offset, value, true)
  return [['mappedStore', at, value, writable ? 'ok' : 'access_denied']]
}

function mappedAdd(random: Random, { area }: Surroundings): readonly Deed[] {
  const { at, view, offset, writable } = supplied(random, area)
  if (!writable) return [['mappedLoad', at, view.getInt32(offset, true)]]
  const before = view.getInt32(offset, true)
  const by = random.next() | 0
  view.setInt32(offset, (before + by) | 0, true)
  return [['mappedAdd', at, by, before]]
}

/** Mappings that are refused, each with its own status. */
function mapWrong(random: Random, { area, source }: Surroundings): readonly Deed[] {
  const { base } = area.own
  const refused: readonly Deed[] = [
    ['map', base + 8, pageBytes, source, 0, 'read', 'misaligned'],
    ['map', base, 0, source, 0, 'read', 'bad_argument'],
    ['map', base, 2 ** 40, source, 0, 'read', 'out_of_window'],
    ['map', base, pageBytes, source, 2 ** 40, 'read', 'out_of_window'],
  ]
  return [refused[random.below(refused.length)]!]
}

/** A window on what is unmapped meanwhile. */
function staleWindow(random: Random, { area, source }: Surroundings): readonly Deed[] {
  const { own, source: from, mappings } = area
  const page = random.below(pagesOf(own)) * pageBytes
  if (mappings.some(({ at, length }) => page >= at && page < at + length)) return []
  const sourceAt = random.below(pagesOf(from)) * pageBytes
  const view = new DataView(from.bytes.buffer, from.bytes.byteOffset, from.bytes.byteLength)
  const value = view.getInt32(sourceAt, true)
  return [['staleWindow', own.base + page, source, from.base + sourceAt, value]]
}

function semaphore(random: Random, { counts }: Surroundings): readonly Deed[] {
  const nth = random.below(semaphores)
  if (!counts.has(nth)) {
    const initial = random.below(3)
    counts.set(nth, initial)
    return [['semCreate', nth, initial]]
  }
  const count = counts.get(nth) ?? null
  const drawn = random.below(10)
  if (drawn < 5) {
    if (count !== null && count > 0) counts.set(nth, count - 1)
    return [['semP', nth, count === null ? 'entity_gone' : count > 0 ? 'ok' : 'timed_out']]
  }
  if (drawn < 9) {
    const by = 1 + random.below(3)
    if (count !== null) counts.set(nth, count + by)
    return [['semV', nth, by, count === null ? 'entity_gone' : 'ok']]
  }
  if (count !== null) {
    counts.set(nth, null)
    return [['semDestroy', nth, 'ok']]
  }
  counts.delete(nth)
  return [['semForget', nth]]
}

/** Another locus signals; this one waits for as much, deed by deed, so that it can be captured as it waits. */
function helper(random: Random): readonly Deed[] {
  const signals = Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(2))
  const count = signals.reduce((sum, by) => sum + by, 0)
  return [['spawn', signals], ...Array.from({ length: count }, (): Deed => ['taken']), ['helped']]
}

/** What an invoked container does, and in the middle of it one that it invokes itself. */
function invocation(random: Random, { invoked, deeper, innerToDeep }: Surroundings): object {
  const before = drawDeeds(random, invoked, 6)
  const further = {
    base: deeper.base,
    length: deeper.bytes.length,
    deeds: drawDeeds(random, deeper, 5),
  }
  const within: Deed[] = [
    ['invoke', innerToDeep, further],
    ['durableInside', innerToDeep],
  ]
  const deeds = [...before, ...within, ...drawDeeds(random, invoked, 6)]
  return { base: invoked.base, length: invoked.bytes.length, deeds }
}

function snapshot(): readonly Deed[] {
  return [['snapshot']]
}

function print(random: Random, { name, lines }: Surroundings): readonly Deed[] {
  if (random.chance(0.2)) return [['print', `${name} for now`, 'volatile']]
  const text = `${name}: ${lines.length}`
  lines.push(text)
  return [['print', text, 'recoverable']]
}

function derive(random: Random, { inner }: Surroundings): readonly Deed[] {
  return [['derive', inner, 1 + random.below(127), { base: 0, length: pageBytes, deeds: [] }]]
}

function ownContainer(random: Random, { area }: Surroundings): readonly Deed[] {
  const { own, mappings } = area
  const page = random.below(pagesOf(own) - 1) * pageBytes
  const isFree = mappings.every(
    ({ at, length }) => page + 2 * pageBytes <= at || page >= at + length,
  )
  return isFree ? [['ownContainer', own.base + page, random.next() | 0]] : []
}

/** Words are read and written in a transaction; one in five throws at its end, and has then written nothing. */
function transaction(random: Random, { ledger: { cap, part } }: Surroundings): readonly Deed[] {
  const isAborted = random.chance(0.2)
  const bytes = isAborted ? part.bytes.slice() : part.bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const words = Array.from({ length: 1 + random.below(4) }, () => {
    const at = 4 * random.below(bytes.length / 4)
    const [before, value] = [view.getInt32(at, true), random.next() | 0]
    view.setInt32(at, value, true)
    return [part.base + at, before, value]
  })
  return [['transact', cap, words, isAborted]]
}

/** What is done there is run again after a loss, or was no visit; either way it is what the model says. */
function visit(random: Random, { till: { cap, part } }: Surroundings): readonly Deed[] {
  const deeds = drawDeeds(random, part, 1 + random.below(8))
  return [['invoke', cap, { base: part.base, length: part.bytes.length, deeds }]]
}

/** What is written there is there until the invocation is over, and keeps nobody from a snapshot. */
function scratch(random: Random, { scratch: { cap, part } }: Surroundings): readonly Deed[] {
  const deeds = Array.from({ length: 1 + random.below(6) }, (): Deed[] => {
    const [at, value] = [4 * random.below(part.bytes.length / 4), random.next() | 0]
    return [
      ['store', at, value],
      ['load', at, value],
    ]
  }).flat()
  return [['invoke', cap, { base: part.base, length: part.bytes.length, deeds }]]
}
