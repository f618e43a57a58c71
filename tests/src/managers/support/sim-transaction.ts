/**
 * Transactions in a machine around a stand-in kernel: each store of a locus is one of its own, on an overlay, as the containers of
 * a transactional manager want it.
 */
import { asContainer, overlayUpcalls, type LocusSlot } from '@katydid/abi'
import { managerPort, type StandInKernel, type UserContainer } from './stand-in-kernel.js'

type Waits<T> = Generator<() => boolean, T, void>

export class SimTransaction {
  readonly #kernel: StandInKernel
  readonly #over: UserContainer
  /** The container slot of its overlay: each of the last loci has one. */
  readonly overlay: UserContainer

  constructor(kernel: StandInKernel, over: UserContainer, locus: LocusSlot) {
    const { maxLoci, maxContainers } = kernel.region.plan.shape
    const slot = asContainer(maxContainers - (maxLoci - locus))
    this.#kernel = kernel
    this.#over = over
    this.overlay = { ...over, slot }
    kernel.makeOverlay(slot, over)
  }

  /** Throws the status of a refusal. */
  *begin(): Waits<void> {
    const args = { cont: this.#over.token, slot: this.overlay.slot as number }
    const open = { ...args, age: this.overlay.slot + 1, timeoutMs: 5000 }
    const status: string[] = []
    this.#kernel.messenger.call(managerPort, overlayUpcalls.overlayOpen, open, (reply) =>
      status.push(reply.status),
    )
    yield* answered(status)
  }

  *commit(): Waits<void> {
    const args = { cont: this.#over.token, slot: this.overlay.slot as number }
    const status: string[] = []
    this.#kernel.messenger.call(managerPort, overlayUpcalls.overlayCommit, args, (reply) =>
      status.push(reply.status),
    )
    yield* answered(status)
  }
}

function* answered(status: readonly string[]): Waits<void> {
  yield () => status.length > 0
  if (status[0] !== 'ok') throw new Error(status[0])
}
