/** What every call on an open world stands on: its machines, and whether it may be made at all. */
import { KatydidError } from './error.js'
import type { Machines } from './machines.js'

export abstract class WorldBase {
  readonly dir: string
  /** The machines that this process has. */
  protected readonly here: Machines
  protected closed: Promise<void> | null = null

  constructor(machines: Machines) {
    this.dir = machines.dir
    this.here = machines
  }

  /** A world of one is over with its machine; one of several is there as long as nobody closes it. */
  protected mustBeOpen(): void {
    const failure = this.here.areSeveral ? null : this.here.here[0]!.failure
    if (failure !== null && this.closed === null) throw failure
    if (this.closed !== null)
      throw new KatydidError('closed', `The world in ${this.dir} is closed. Open it again.`)
  }
}
