/** One page of a guest: its state by the table, what it may be used for, and who waits for it. */
import type { PageLevel, Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { afterEvent, type CopyEvent, type CopyState } from './copy-states.js'

/** A fault of a locus here, answered once. */
export interface GuestFault {
  readonly access: 'read' | 'write'
  /** It is refused as unreachable from then on. */
  readonly untilMs: number
  answer(status: Status): void
}

export class Copy {
  readonly page: number
  state: CopyState = 'absent'
  /** What loci here may do with it now. */
  level: PageLevel = 'none'
  /** Of the grant that it is. */
  number = 0
  /** What it is to come down to. */
  target: PageLevel = 'write'
  /** It could be written since home last heard of it. */
  written = false
  /** The request that is under way; 0 none. */
  sequence = 0
  wanted: 'read' | 'write' = 'read'
  /** A grant that never came, and was recalled meanwhile; 0 none. */
  owed = 0
  faults: GuestFault[] = []

  constructor(page: number) {
    this.page = page
  }

  /** Moves on by the table. */
  on(event: CopyEvent): void {
    const next = afterEvent(this.state, event)
    invariant(next !== undefined, 'CH2: a copy moves by its table', {
      page: this.page,
      state: this.state,
      event,
    })
    this.state = next
  }
}
