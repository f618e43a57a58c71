/** What leaves a container in a visit, as one number: to compare a run with the one that was logged. FNV-1a, 32 bits. */
import type { Capref } from '@katydid/abi'
import type { Outcome } from './visit.js'

const basis = 0x811c9dc5

/** The hash of a block, from its beginning or going on from another. */
export function hashOf(block: Uint8Array, from = basis): number {
  let hash = from
  for (let i = 0; i < block.length; i++) hash = Math.imul(hash ^ block[i]!, 0x01000193)
  return hash >>> 0
}

export class MessagesHash {
  #hash = basis

  get value(): number {
    return this.#hash
  }

  /** An invocation leaves; `asked` is the hash of its block. */
  call(cap: Capref, asked: number): void {
    this.#numbers(1, cap, asked)
  }

  /** Something is said to the host. */
  said(text: string): void {
    this.#bytes(2, Buffer.from(text))
  }

  /** The visit ends so. */
  end({ status, detail, block }: Outcome): void {
    this.#bytes(3, Buffer.from(`${status}: ${detail}`))
    this.#bytes(4, block)
  }

  /** With kind and length first, so that no two lists of messages are the same bytes. */
  #bytes(kind: number, bytes: Uint8Array): void {
    this.#numbers(kind, bytes.length)
    this.#hash = hashOf(bytes, this.#hash)
  }

  #numbers(...numbers: readonly number[]): void {
    this.#hash = hashOf(new Uint8Array(Uint32Array.from(numbers).buffer), this.#hash)
  }
}
