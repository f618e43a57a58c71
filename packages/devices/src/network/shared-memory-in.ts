/** Whether a value that came to a thread leads to shared memory, however deep. */
export function hasSharedMemory(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  if (value instanceof SharedArrayBuffer) return true
  if (ArrayBuffer.isView(value)) return value.buffer instanceof SharedArrayBuffer
  if ((value as { readonly buffer?: unknown }).buffer instanceof SharedArrayBuffer) return true
  if (value instanceof Map)
    return [...value].some((entry) => entry.some((each) => hasSharedMemory(each, seen)))
  if (value instanceof Set) return [...value].some((each) => hasSharedMemory(each, seen))
  return Object.values(value).some((each) => hasSharedMemory(each, seen))
}
