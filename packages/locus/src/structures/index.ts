/** The standard structures: an allocator, a hash map and a lock, each with all its state in container memory. */
export { Heap, type HeapStats } from './heap.js'
export type { Holder, WordMemory } from './memory.js'
export { maxKeyBytes, type MapKey } from './map-key.js'
export { maxValueBytes } from './map-layout.js'
export { Mutex } from './mutex.js'
export { SharedMap, type MapEntry } from './shared-map.js'
