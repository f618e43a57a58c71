/** One record a locus: life, trap, keyed wait, registers. */
import { layout } from '../layout.js'

/**
 * States of a locus. `running` may use translations. All others may not, so a removal need not wait for them.
 * free: no locus. starting: its thread is being made. quiet: parked in a trap, or in outside(). resting: at a
 * safepoint or in a keyed wait as its own outermost invocation, so that it can be captured. ended: its invocation
 * has returned. dead: its worker exited (written by the supervisor after the exit event, never before).
 */
export const locusStates = {
  free: 0,
  starting: 1,
  running: 2,
  quiet: 3,
  resting: 4,
  ended: 5,
  dead: 6,
} as const
/** idle -> posted (locus) -> taken (manager) -> answered (manager or kernel) -> idle (locus). */
export const trapStates = { idle: 0, posted: 1, taken: 2, answered: 3 } as const
/** idle -> waiting (locus) -> woken (notifier, by compare-exchange) -> idle (locus). */
export const waitStates = { idle: 0, waiting: 1, woken: 2 } as const

// What a fault passes between locus and manager lies in one cache line: each line more costs both a transfer.
export const locusWords = layout('LocusWords', 640, 'One a locus slot.', {
  state: {
    words: 1,
    writer: 'locus; kernel at create; supervisor after exit',
    doc: 'free, starting, running, quiet, resting, ended or dead',
  },
  generation: { words: 1, writer: 'kernel actor', doc: 'which locus has the slot' },
  container: {
    words: 1,
    writer: 'locus (kernel at create)',
    doc: 'slot of the container it is in now',
  },
  depth: {
    words: 1,
    writer: 'locus',
    doc: 'nested invocations below the outermost; captured only at 0',
  },
  locks: { words: 1, writer: 'locus', doc: 'locks of standard structures held' },
  pinned: { words: 1, writer: 'locus', doc: 'eachPage calls under way' },
  turns: { words: 1, writer: 'locus', doc: 'raised at every slow path: a sign of life' },
  waitState: {
    words: 1,
    writer: 'locus; notifier by compare-exchange',
    doc: 'idle, waiting or woken',
  },
  waitContainer: { words: 1, writer: 'locus', doc: 'slot of the container it waits on' },
  faults: { words: 1, writer: 'locus', doc: 'traps so far' },
  waitOffset: { words: 2, writer: 'locus', doc: 'float 64: the offset it waits on' },
  softFaults: { words: 1, writer: 'locus', doc: 'references noted without an upcall' },
  uses: {
    words: 1,
    writer: 'locus',
    doc: 'containers of which it uses translations now: the one it is in and those mapped into it',
  },
  suspended: {
    words: 1,
    writer: 'kernel actor',
    doc: '1: the locus stays at its next safepoint until it is resumed',
  },
  semaphoreWait: {
    words: 1,
    writer: 'locus',
    doc: 'number of the semaphore_p it is in, from its entry until it runs again; 0 none, or in a nested invocation',
  },
  bell: { words: 1, writer: 'anyone, by or; locus, by exchange', doc: 'as an actor’s bell' },
  trapState: {
    words: 1,
    writer: 'locus, manager, kernel: see trapStates',
    doc: 'idle, posted, taken or answered',
  },
  trapManager: { words: 1, writer: 'locus', doc: 'port of the manager it was posted to' },
  trapManagerGeneration: { words: 1, writer: 'locus', doc: 'that manager’s generation' },
  trapStatus: { words: 1, writer: 'answerer', doc: 'status code of the answer' },
  trapContainer: { words: 1, writer: 'locus', doc: 'slot of the container that faulted' },
  trapSequence: { words: 1, writer: 'locus', doc: 'raised by every trap' },
  awaits: {
    words: 1,
    writer: 'locus',
    doc: '1 + slot of the container it waits to be let into; 0 none',
  },
  trapRecord: { words: 8, writer: 'locus', doc: 'container_fault as msgpack of fixed shape' },
  loading: {
    words: 1,
    writer: 'locus',
    doc: '1: its thread is inside the loading of a module, and must not be terminated',
  },
  ending: {
    words: 1,
    writer: 'world’s thread; 0 by the kernel at create',
    doc: '1: its thread is about to be terminated, and begins to load nothing more',
  },
  durableCalls: {
    words: 1,
    writer: 'locus; kernel at create',
    doc: 'durable invokes of its that are over: the one whose answer it waits for is not',
  },
  reserved2: { words: 13, writer: 'nobody', doc: 'to a cache line' },
  registers: { words: 64, writer: 'locus; kernel at restore', doc: '32 registers of 64 bits' },
  faultHistory: {
    words: 48,
    writer: 'locus, before it posts a trap; managers read',
    doc: 'its last 12 faults, four words each (FaultWords); the fault of trapSequence n stands at n mod 12',
  },
})

/** How many faults a locus's history holds. */
export const faultHistoryLength = 12

export const faultWords = layout('FaultWords', 16, 'One a fault in the history of a locus.', {
  sequence: {
    words: 1,
    writer: 'locus: 0 before it changes the others, then the fault’s number',
    doc: 'which fault stands here; 0 none, or being written',
  },
  what: { words: 1, writer: 'locus', doc: 'container slot × 4, plus 0 read, 1 write, 2 execute' },
  offset: { words: 2, writer: 'locus', doc: 'float 64: the exact offset' },
})
