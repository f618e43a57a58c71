/** What is to be told to one other machine, and what it has told: two streams of numbered calls, of which the first is whole. */
import type { ArgsOf, machineCalls } from '@katydid/abi'
import type { Point } from '../state-interval/line/line.js'
import { invariant } from '@katydid/actor'

/** Letters from one container to another were received on the line up to this one. */
export type Receipt = ArgsOf<typeof machineCalls.lineGossip>['receipts'][number]

export class PeerStream {
  points: Point[] = []
  lines = new Map<number, number>()
  receipts: Receipt[] = []
  /** A call is under way. */
  isTelling = false
  /** Not before this. */
  againMs = 0
  /** The last call's epoch, and when it was made. */
  toldEpoch = -1
  toldMs = -Infinity
  /** The stream in which the other machine tells, and the call that is expected. */
  heardStream = 0
  heardNext = 0
  #number = 0
  #anew = 0

  /** The call that comes next; 0: it is to be whole. */
  get number(): number {
    return this.#number
  }

  /** Rises each time the stream begins anew: an answer to an earlier call says nothing about this one. */
  get era(): number {
    return this.#anew
  }

  /** The next call is whole. */
  beginAnew(): void {
    this.#number = 0
    this.#anew++
    this.points = []
    this.lines.clear()
    this.receipts = []
    this.againMs = 0
    this.isTelling = false
  }

  /** The call was accepted. */
  accepted(era: number): void {
    if (era === this.#anew) this.#number++
  }

  /** Whether this call of the other machine's is to be heeded; nil: it was. */
  expects(stream: number, number: number): boolean | null {
    invariant(number >= 0, 'SI162: calls of a stream are numbered', { number })
    if (number === 0 && stream >= this.heardStream) {
      this.heardStream = stream
      this.heardNext = 1
      return true
    }
    if (stream !== this.heardStream) return false
    if (number === this.heardNext) {
      this.heardNext++
      return true
    }
    return number < this.heardNext ? null : false
  }
}
