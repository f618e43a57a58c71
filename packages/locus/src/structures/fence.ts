/**
 * Keeps loads before it before loads after it.
 *
 * A reader that takes no lock looks at a version again after it has read. An atomic load alone would not do: on some
 * processors plain loads before it may be satisfied after it. An atomic read-modify-write of any word orders both sides.
 */
const word = new Int32Array(new SharedArrayBuffer(4))

export function fence(): void {
  Atomics.add(word, 0, 0)
}
