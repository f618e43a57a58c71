/** One number of all signatures, layouts and statuses, so that two machines can tell whether they mean the same by them. */
import { abiText } from '@katydid/abi'
import { RunHash } from '../hash.js'

let known: string | null = null

export function abiHash(): string {
  if (known === null) {
    const hash = new RunHash()
    hash.addBytes(new TextEncoder().encode(abiText()))
    known = hash.text()
  }
  return known
}
