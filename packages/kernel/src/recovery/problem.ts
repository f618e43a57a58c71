/** What kept a recovery from coming to its end, and whose doing it is. */
import type { PortId } from '@katydid/abi'
import { invariant } from '@katydid/actor'

export interface Problem {
  /** The manager that answered wrongly, or not at all. */
  readonly port: PortId
  readonly sentence: string
}

export function problemOf(port: PortId, sentence: string): Problem {
  invariant(sentence !== '', 'SI15: what keeps the world from coming back is said', { port })
  return { port, sentence }
}
