/** One record a container and machine: what its loci, its manager and the kernel share about it. */
import { layout } from '../layout.js'

/**
 * free: no container. live: as usual. stopped: destroyed, an access is `entity_gone`. failed: its manager was given up, an access
 * is `manager_failed`; the container itself is kept. away: it stands for a container of another machine, and nothing of that is here.
 */
export const containerStates = { free: 0, live: 1, stopped: 2, failed: 3, away: 4 } as const

/**
 * open: as usual. shut: a capture of it is wanted; invocations of its own epoch still come in, those of a higher one wait.
 * cutting: it is being captured, and nobody comes in.
 */
export const containerGates = { open: 0, shut: 1, cutting: 2 } as const

/** How many ends of periods a container keeps. */
export const keptPeriodEnds = 64

export const containerWords = layout('ContainerWords', 1280, 'One a container slot.', {
  gen: {
    words: 1,
    writer: 'whoever removes or protects, by add',
    doc: 'generation of the translations (M1)',
  },
  state: { words: 1, writer: 'kernel actor', doc: 'free, live, stopped, failed or away' },
  generation: { words: 1, writer: 'kernel actor', doc: 'which container has the slot' },
  manager: { words: 1, writer: 'kernel actor', doc: 'port of its manager, or -1' },
  managerGeneration: {
    words: 1,
    writer: 'kernel actor',
    doc: 'that manager’s generation when it took the container',
  },
  token: { words: 1, writer: 'kernel actor', doc: 'the manager’s name for it' },
  capture: {
    words: 1,
    writer: 'kernel actor, at a capture',
    doc: 'capture number, 0 to 511: write access in entries of another number is stale',
  },
  ackBell: {
    words: 1,
    writer: 'manager',
    doc: '1 + port to ring when a locus acknowledges; 0 none',
  },
  size: { words: 2, writer: 'kernel actor', doc: 'float 64: size in bytes' },
  rootPage: { words: 1, writer: 'kernel actor', doc: '1 + page number of the root page; 0 none' },
  selfManaged: { words: 1, writer: 'kernel actor', doc: '1: its manager lives in it' },
  directory: {
    words: 1,
    writer: 'kernel actor',
    doc: 'region byte address of the slab directory; 0 none',
  },
  slabs: { words: 1, writer: 'kernel actor', doc: 'words in the directory' },
  written: {
    words: 1,
    writer: 'manager sets, at an install with write access; kernel clears, at a capture',
    doc: '1: a page of it can have been written since the last capture',
  },
  program: {
    words: 1,
    writer: 'kernel actor',
    doc: 'raised by every change of the invocation point; the words above and this change rarely, as every access reads the first',
  },
  interval: {
    words: 2,
    writer: 'kernel at capture; invoking locus, by 64-bit add',
    doc: '64-bit: the open state interval',
  },
  epoch: { words: 1, writer: 'kernel actor', doc: 'epoch of the last capture' },
  incarnation: { words: 1, writer: 'kernel actor', doc: 'raised by every rollback' },
  mappings: {
    words: 1,
    writer: 'kernel actor',
    doc: 'raised whenever what is mapped into it changes, directly or further down: windows on it ask again',
  },
  frames: {
    words: 1,
    writer: 'invoking locus, by add; kernel at a rollback',
    doc: 'nested invocations under way in it: while there is one it is in use',
  },
  gate: {
    words: 1,
    writer: 'kernel actor',
    doc: 'open, shut or cutting (containerGates): shut, loci at their outermost invocation in it come to rest',
  },
  ran: {
    words: 1,
    writer: 'locus, when it enters or comes back; kernel clears, at a capture',
    doc: '1: an instruction of a program may have run in it since its last capture',
  },
  mixed: {
    words: 1,
    writer: 'kernel actor',
    doc: 'highest epoch that may come in although the container was not captured for it',
  },
  period: {
    words: 1,
    writer: 'kernel actor, before it raises `capture`',
    doc: 'captures after which write access had to be given anew: the capture number, not wrapped',
  },
  stamps: {
    words: 1,
    writer: 'kernel actor',
    doc: 'region byte address of the directory of stamp slices, a word a slab; 0 while nobody reaches it by a mapping',
  },
  turn: {
    words: 1,
    writer: 'visiting locus, by compare-exchange; kernel once the holder’s thread has exited',
    doc: '1 + slot of the locus whose visit it is, in a logged container; 0 nobody’s',
  },
  level: {
    words: 1,
    writer: 'kernel actor',
    doc: 'its quality of service, index in serviceLevels',
  },
  reserved3: { words: 3, writer: 'nobody', doc: 'to a cache line' },
  attached: {
    words: 4,
    writer: 'locus, by or and and; supervisor after exit',
    doc: 'bit n: locus n uses translations of this container',
  },
  reserved1: { words: 12, writer: 'nobody', doc: 'to a cache line' },
  seen: {
    words: 128,
    writer: 'locus n writes word n',
    doc: 'the generation locus n has acknowledged',
  },
  periodEnds: {
    words: 128,
    writer: 'kernel actor',
    doc: '64-bit, a ring: place n mod 64 the state interval with which period n ended',
  },
  reserved2: { words: 16, writer: 'nobody', doc: 'to whole cache lines' },
})
