/** A typed ring of trace events per actor and locus, written by it alone and read from outside. */
import { layout } from '../layout.js'

/** What a trace event can be; add at the end only. */
export const traceKinds = [
  'none',
  'message_in',
  'message_out',
  'answer_in',
  'fault',
  'fault_answered',
  'install',
  'remove',
  'discard',
  'read_block',
  'write_group',
  'barrier',
  'gate_closed',
  'gate_opened',
  'captured',
  'stable',
  'recoverable',
  'rollback',
  'locus_started',
  'locus_ended',
  'actor_started',
  'actor_ended',
  'invoke',
  'safepoint',
  'mark',
  'write',
  'snapshot',
  'fold',
  'clean',
  'rollback_from',
  'rollback_because',
] as const
export type TraceKind = (typeof traceKinds)[number]

/** Events a ring holds before the oldest is overwritten; a power of two. */
export const traceEvents = 512

export const traceRingWords = layout(
  'TraceRingWords',
  64,
  'The head of a trace ring; its events follow.',
  {
    written: {
      words: 1,
      writer: 'the ring’s actor or locus',
      doc: 'events ever written (modulo 2^32)',
    },
    reserved: { words: 15, writer: 'nobody', doc: 'to a cache line' },
  },
)

export const traceEventWords = layout('TraceEventWords', 32, 'One event.', {
  timeUs: {
    words: 2,
    writer: 'the ring’s actor or locus',
    doc: 'float 64: microseconds since the process began',
  },
  kind: { words: 1, writer: 'the ring’s actor or locus', doc: 'index in traceKinds' },
  durationUs: {
    words: 1,
    writer: 'the ring’s actor or locus',
    doc: 'how long it took; 0 an instant',
  },
  a: {
    words: 2,
    writer: 'the ring’s actor or locus',
    doc: 'float 64: first fact (op, offset, interval …)',
  },
  b: { words: 2, writer: 'the ring’s actor or locus', doc: 'float 64: second fact' },
})
