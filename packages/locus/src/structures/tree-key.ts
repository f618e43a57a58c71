/** A key in the form in which a tree compares it: words with the first byte highest, zeros behind the end. */
import { writeKey, type MapKey } from './key-bytes.js'
import { maxTreeKeyBytes } from './tree-layout.js'

export class TreeKey {
  readonly words = new Int32Array(maxTreeKeyBytes / 4)
  length = 0

  static of(key: MapKey): TreeKey {
    const made = new TreeKey()
    made.take(key)
    return made
  }

  /** The shortest key that is greater than `left` and not greater than `right`. */
  static between(left: TreeKey, right: TreeKey): TreeKey {
    const most = Math.min(left.length, right.length)
    let same = 0
    while (same < most && left.byte(same) === right.byte(same)) same++
    const made = new TreeKey()
    made.takeWords(right.words, same + 1)
    return made
  }

  /** Takes the key in. `bad_argument`: it is no key; `too_large`: over 512 bytes. */
  take(key: MapKey): void {
    this.length = writeKey(key, bytes, maxTreeKeyBytes)
    const count = (this.length + 3) >> 2
    for (let at = this.length; at < count * 4; at++) bytes[at] = 0
    for (let i = 0; i < count; i++) this.words[i] = view.getInt32(i * 4)
    if (count === 0) this.words[0] = 0
  }

  /** Takes the first `length` bytes of another key's words. */
  takeWords(words: Int32Array, length: number): void {
    const count = (length + 3) >> 2
    this.words[0] = 0
    for (let i = 0; i < count; i++) this.words[i] = words[i]!
    if (length % 4 !== 0) this.words[count - 1]! &= -1 << (8 * (4 - (length % 4)))
    this.length = length
  }

  byte(at: number): number {
    return (this.words[at >> 2]! >>> (24 - 8 * (at & 3))) & 0xff
  }

  toBytes(): Uint8Array {
    const count = (this.length + 3) >> 2
    for (let i = 0; i < count; i++) view.setInt32(i * 4, this.words[i]!)
    return bytes.slice(0, this.length)
  }

  /** Below 0 when this key comes before `other`, above when behind. */
  compare(other: TreeKey): number {
    const count = (Math.min(this.length, other.length) + 3) >> 2
    for (let i = 0; i < count; i++) {
      const difference = (this.words[i]! >>> 0) - (other.words[i]! >>> 0)
      if (difference !== 0) return difference
    }
    return this.length - other.length
  }
}

/** Where keys are turned into words; used within one call only. */
const bytes = new Uint8Array(maxTreeKeyBytes)
const view = new DataView(bytes.buffer)
