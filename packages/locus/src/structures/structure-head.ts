/** How every structure is found again: at a root of its heap, with two words that say what it is. Nothing foreign is touched. */
import { LocusError } from '../locus-error.js'
import type { Heap } from './heap.js'
import type { WordMemory } from './memory.js'

export interface StructureKind {
  /** With its article, for sentences. */
  readonly name: string
  readonly magic: number
  readonly version: number
  /** Bytes of its header, which begins with magic and version. */
  readonly bytes: number
}

/**
 * Offset of the structure at root `root`; made by `make` when nothing is there. `bad_argument`: something else is there;
 * `world_version`: another layout.
 */
export function openStructure(
  heap: Heap,
  root: number,
  kind: StructureKind,
  make: () => number,
): number {
  const at = heap.rootOr(root, make)
  const { memory } = heap
  if (!canBeBlock(memory, at, kind.bytes) || memory.getInt32(at) !== kind.magic)
    throw new LocusError('bad_argument', `root ${root} of the heap does not lead to ${kind.name}`)
  if (memory.getInt32(at + 4) !== kind.version)
    throw new LocusError('world_version', `${kind.name} at root ${root} has another layout`)
  return at
}

/** A zeroed header with its two first words; the caller fills in the rest. `no_resource`: the heap is full. */
export function makeHead(heap: Heap, kind: StructureKind): number {
  const at = heap.alloc(kind.bytes)
  for (let word = 8; word < kind.bytes; word += 4) heap.memory.setInt32(at + word, 0)
  heap.memory.setInt32(at, kind.magic)
  heap.memory.setInt32(at + 4, kind.version)
  return at
}

/** Whether a block of `bytes` bytes may begin at `at`: what a structure asks of each offset it finds stored. */
export function canBeBlock(memory: WordMemory, at: number, bytes: number): boolean {
  return at > 0 && at % 16 === 0 && bytes >= 0 && at + bytes <= memory.length
}

/** Throws unless a live block of the heap begins at `block`: asked before a change in whose course it is freed. */
export function requireBlock(heap: Heap, kind: StructureKind, at: number, block: number): void {
  try {
    heap.sizeOf(block)
  } catch (error) {
    if (error instanceof LocusError && error.status === 'bad_argument')
      throw damaged(kind, at, `its block at ${block} is none of the heap`)
    throw error
  }
}

/** What a structure says when what it finds cannot be its own. */
export function damaged(kind: StructureKind, at: number, what: string): LocusError {
  return new LocusError(
    'damaged',
    `${kind.name} at offset ${at} is damaged: ${what}; something else wrote into its memory`,
  )
}
