/**
 * The turn of a logged container: one visit at a time, so that the order of its inputs is all the order there is. Handed from who leaves to
 * who waits, round the loci, so that nobody is passed over for ever.
 *
 * It is taken before a locus is let in at the gate, and given back when it is out: who waits for it is counted in no container that it
 * is not in already, and holds up no capture of this one.
 */
import type { ContainerSlot } from '@katydid/abi'
import { LocusError } from '../locus-error.js'
import type { LocusThread } from '../locus-thread.js'

const mostWaitMs = 10_000
/** Looked at again so often, should the one who had it have been lost. */
const sliceMs = 500
/** Of the container, as a key to wait on: no word of its memory lies there. */
const turnKey = -1

/** Takes the turn of the container; waits for it quietly, at most 10 s, and is `busy` then. False: the locus has it already. */
export function takeTurn(thread: LocusThread, container: ContainerSlot): boolean {
  const { words } = thread.region
  const turn = thread.region.containerWord(container, 'turn')
  const own = thread.slot + 1
  if (words.load(turn) === own) return false
  if (words.compareExchange(turn, 0, own) !== 0) waitForTurn(thread, container, turn, own)
  return true
}

/** Gives it back: to the next who waits, else to nobody. */
export function giveTurn({ region, slot, waits }: LocusThread, container: ContainerSlot): void {
  const turn = region.containerWord(container, 'turn')
  const give = (to: number): void => region.words.store(turn, to + 1)
  if (waits.handOver(container, turnKey, slot, give)) return
  region.words.store(turn, 0)
  // Free first, then a look once more: who comes to wait says so first and then looks whether it is free.
  waits.notify(container, turnKey, 1)
}

function waitForTurn(
  { presence, region, waits }: LocusThread,
  container: ContainerSlot,
  turn: number,
  own: number,
): void {
  const { words } = region
  const isOwn = (): boolean => words.load(turn) === own
  for (let waitedMs = 0; ; waitedMs += sliceMs) {
    const result = waits.wait(
      container,
      turnKey,
      () => words.compareExchange(turn, 0, own) !== 0,
      (woken) => presence.quietUntil(() => woken() || isOwn(), sliceMs),
    )
    if (isOwn()) return
    // One that was woken may be about to be given it, and must not turn away.
    if (result === 'timed_out' && waitedMs >= mostWaitMs)
      throw new LocusError(
        'busy',
        `locus ${words.load(turn) - 1} has been visiting the container for more than ${mostWaitMs / 1000} s, and one visit at a time goes into a logged container; invoke again later`,
      )
  }
}
