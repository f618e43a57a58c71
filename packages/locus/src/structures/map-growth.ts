/**
 * How a map grows: by one bucket at a time (linear hashing). Adding bucket n splits one older bucket in two; only the
 * stripe of those two is locked meanwhile, and nothing else moves. A full heap stops growing, not the map.
 */
import { LocusError } from '../locus-error.js'
import { copyWords, entryBytes, newChunk } from './chunk.js'
import type { Heap } from './heap.js'
import type { MapDirectory } from './map-directory.js'
import { bucketOf, chunkHead } from './map-layout.js'

/** Splits the entries of bucket `source` between it and the new bucket `added`. Called under their stripe's lock. */
export function splitBucket(
  heap: Heap,
  directory: MapDirectory,
  source: number,
  added: number,
): void {
  const { memory } = heap
  const from = directory.slot(source)
  const to = directory.slot(added)
  const chunk = memory.getInt32(from)
  const moving = chunk === 0 ? 0 : bytesOf(heap, chunk, added)
  if (moving === 0) {
    memory.setInt32(to, 0)
    return
  }
  if (moving === memory.getInt32(chunk) - chunkHead) {
    memory.setInt32(to, chunk)
    memory.setInt32(from, 0)
    return
  }
  const [staying, leaving] = newChunks(heap, memory.getInt32(chunk) - chunkHead - moving, moving)
  const end = chunk + memory.getInt32(chunk)
  for (let at = chunk + chunkHead; at < end;) {
    const size = entryBytes(memory.getInt32(at + 4))
    const target = bucketOf(memory.getInt32(at), added + 1) === added ? leaving : staying
    const used = memory.getInt32(target)
    copyWords(memory, at, target + used, size)
    memory.setInt32(target, used + size)
    at += size
  }
  memory.setInt32(from, staying)
  memory.setInt32(to, leaving)
  heap.free(chunk)
}

/** Both chunks, or a refusal with neither kept. */
function newChunks(heap: Heap, first: number, second: number): [number, number] {
  const a = newChunk(heap, first)
  try {
    return [a, newChunk(heap, second)]
  } catch (error) {
    if (error instanceof LocusError) heap.free(a)
    throw error
  }
}

/** Bytes of the chunk's entries that belong to `added` once that exists. */
function bytesOf(heap: Heap, chunk: number, added: number): number {
  const { memory } = heap
  const end = chunk + memory.getInt32(chunk)
  let bytes = 0
  for (let at = chunk + chunkHead; at < end;) {
    const size = entryBytes(memory.getInt32(at + 4))
    if (bucketOf(memory.getInt32(at), added + 1) === added) bytes += size
    at += size
  }
  return bytes
}
