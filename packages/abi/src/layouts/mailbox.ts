/** A single-producer, single-consumer ring of bytes, and the counters of an actor. */
import { layout } from '../layout.js'

export const mailboxWords = layout(
  'MailboxWords',
  128,
  'The head of a mailbox; its bytes follow.',
  {
    published: {
      words: 1,
      writer: 'producer, by one store',
      doc: 'bytes ever published (modulo 2^32)',
    },
    reserved0: { words: 15, writer: 'nobody', doc: 'a cache line of its own' },
    consumed: {
      words: 1,
      writer: 'consumer, by one store',
      doc: 'bytes ever consumed (modulo 2^32)',
    },
    reserved1: { words: 15, writer: 'nobody', doc: 'a cache line of its own' },
  },
)

/** Counters of one actor or locus, float 64 each, written by it alone with plain stores: for reports only. */
export const counterNames = [
  'faults',
  'softFaults',
  'zeroFills',
  'reads',
  'reReads',
  'readBytes',
  'discardsClean',
  'discardsDirty',
  'copies',
  'rescues',
  'snapshots',
  'snapshotsFailed',
  'heldUs',
  'heldMaxUs',
  'rendezvousUs',
  'rendezvousMaxUs',
  'recoverable',
  'rollbacks',
  'pagesWritten',
  'bytesWritten',
  'groups',
  'acknowledgedGroups',
  'barriers',
  'writes',
  'ownFaults',
  'ownWrites',
  'pageDiscards',
  'messages',
  'segmentsInUse',
  'segmentsFreed',
  'recoveryMs',
  'restarts',
  'ownPagesMax',
  'ownFramesMax',
  'pagesMoved',
  'faultsHeld',
  'snapshotsForRoom',
  'commits',
  'aborts',
  'conflicts',
] as const
export type CounterName = (typeof counterNames)[number]
