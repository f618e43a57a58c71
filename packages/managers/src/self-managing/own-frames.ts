/** More frames for own pages: as the self map grows, more of them are pinned, and what is left must still do for a walk. */
import { actorPorts, pageSetCalls, type PageSetId } from '@katydid/abi'
import { invariant, type Messenger } from '@katydid/actor'
import type { OwnPages } from './own-pages.js'

/** Frames asked for at a time. */
const step = 4

export class OwnFrames {
  readonly #messenger: Messenger
  readonly #pageSet: PageSetId
  readonly #pages: OwnPages
  #asking = false

  constructor(messenger: Messenger, pageSet: PageSetId, pages: OwnPages) {
    this.#messenger = messenger
    this.#pageSet = pageSet
    this.#pages = pages
  }

  /** Sees to it that `spare` frames are not pinned; false until they are there. */
  ensure(spare: number): boolean {
    invariant(spare > 0, 'MG11: a walk of a map needs a frame', { spare })
    if (this.#pages.spare >= spare) return true
    if (!this.#asking) this.#ask()
    return false
  }

  #ask(): void {
    this.#asking = true
    const args = { pageset: this.#pageSet, pageCount: step }
    this.#messenger.call(actorPorts.kernel, pageSetCalls.pageSetAdd, args, (reply) => {
      this.#asking = false
      // Refused: folding waits and asks again; faults are served meanwhile.
      if (reply.status === 'ok') this.#pages.addFrames(reply.frames)
    })
  }
}
