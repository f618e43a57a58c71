/**
 * What a message tells the line engine, on the locus's own thread: which interval of the sender's container reached the
 * receiver. A receipt opens a new interval of the receiver, so that what it knew before and after can be told apart.
 * Invocations and returns are messages, and what passes through a mapping.
 */
import type { ContainerSlot } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

/** What the receiver notes of a sender. */
export interface Receipt {
  readonly sender: ContainerSlot
  readonly interval: bigint
}

/** What travels with an invocation and with its return. */
export interface Stamp extends Receipt {
  readonly epoch: number
  readonly incarnation: number
}

/** The sender's stamp at this moment. */
export function stampOf(region: Region, sender: ContainerSlot): Stamp {
  const isSlot = sender >= 0 && sender < region.plan.shape.maxContainers
  invariant(isSlot, 'SI24: a message has a sender', { sender })
  return {
    sender,
    interval: Atomics.load(region.i64, region.containerWord(sender, 'interval') >> 1),
    epoch: region.words.load(region.containerWord(sender, 'epoch')),
    incarnation: region.words.load(region.containerWord(sender, 'incarnation')),
  }
}

/** What the receiver's row has of that sender since its last capture; 0: nothing. */
export function receivedFrom(
  region: Region,
  receiver: ContainerSlot,
  sender: ContainerSlot,
): bigint {
  return Atomics.load(region.i64, region.dependencyIndex(receiver, sender))
}

/** Notes at the receiver what it now depends on: its row only rises, and its next interval is open. */
export function receive(region: Region, receiver: ContainerSlot, stamp: Receipt): void {
  if (receiver === stamp.sender) return
  invariant(stamp.interval >= 0n, 'SI1: intervals rise from 1', { interval: stamp.interval })
  const row = region.dependencyIndex(receiver, stamp.sender)
  // By compare-exchange: two loci may bring different intervals, and the lower must never overwrite the higher.
  for (;;) {
    const known = Atomics.load(region.i64, row)
    if (known >= stamp.interval) break
    if (Atomics.compareExchange(region.i64, row, known, stamp.interval) === known) break
  }
  // The row first: a reader that sees the new interval sees what opened it.
  Atomics.add(region.i64, region.containerWord(receiver, 'interval') >> 1, 1n)
}
