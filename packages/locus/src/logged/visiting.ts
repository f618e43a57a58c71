/**
 * A visit under way, on the thread of the locus that pays it: the turn taken before it comes in; the program run under the globals of
 * the visit; the record given to the kernel when the stamp of the return is taken and nobody has received it yet, so that
 * whoever knows of the visit depends on a point that can be had again.
 */
import { inputCalls, type ContainerSlot } from '@katydid/abi'
import type { Receipt } from '@katydid/memory'
import type { LocusThread } from '../locus-thread.js'
import { withGlobals } from './globals.js'
import { answer } from './outcome.js'
import { Recorder } from './recorder.js'
import { giveTurn, takeTurn } from './turn.js'
import { isReplaced, type Outcome } from './visit.js'

export class Visiting {
  readonly visit: Recorder
  readonly #thread: LocusThread
  /** The visit that this is part of, as the locus is in the container already, by way of others; its turn is kept. */
  readonly #within: boolean
  #end: Outcome | null = null

  private constructor(thread: LocusThread, visit: Recorder, within: boolean) {
    this.visit = visit
    this.#thread = thread
    this.#within = within
  }

  /** Waits for the turn of the container, of this level. Refuses `busy`, and nothing has happened then. */
  static begin(
    thread: LocusThread,
    container: ContainerSlot,
    level: number,
    block: Uint8Array,
  ): Visiting {
    const { visits, name } = thread
    if (takeTurn(thread, container)) {
      const visit = new Recorder({ container, replaced: isReplaced(level), name, block })
      visits.push(visit)
      return new Visiting(thread, visit, false)
    }
    const outer = visits.findLast((each) => each.container === container)!
    outer.cannotLog('it was come back into while it waited for an answer')
    return new Visiting(thread, outer, true)
  }

  /** It is in, with this stamp: runs the program there. */
  run(arrival: Receipt, program: () => Uint8Array): Uint8Array {
    const run = (): Uint8Array => withGlobals(this.visit, program)
    if (this.#within) return run()
    this.visit.arrived(arrival)
    this.#end = this.visit.run(run)
    return answer(this.#end)
  }

  /** After the stamp of the return was taken, and before it is received. */
  log(): void {
    if (this.#within) return
    const { visit } = this
    const input = this.#end === null ? null : visit.input(this.#end)
    const args = { cont: visit.container, input, why: visit.why }
    const reply = this.#thread.call(inputCalls.inputLogged, args)
    if (reply.status === 'ok' || input === null) return
    // Whether it arrived is not known: then the container has no point of it, and none that would need it.
    const why = `its record was not taken: ${reply.detail}`
    this.#thread.call(inputCalls.inputLogged, { ...args, input: null, why })
  }

  /** It is out. */
  end(): void {
    if (this.#within) return
    this.#thread.visits.pop()
    giveTurn(this.#thread, this.visit.container)
  }
}
