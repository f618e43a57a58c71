/** Between a fault and its page, in a container that other machines use too: what loci of this machine may be shown now, and who waits for more. */
import type { PageLevel } from '@katydid/abi'
import type { Fault } from './faults.js'

export interface PageGate {
  /** What may be shown of the page. */
  level(page: number): PageLevel
  /** Takes the fault over until its page may be shown; then it is served from the beginning, or refused. */
  hold(fault: Fault, page: number): void
  /** Refuses all that it holds. */
  refuse(status: 'frozen' | 'no_such_container'): void
}
