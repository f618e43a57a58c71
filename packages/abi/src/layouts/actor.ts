/** One record an actor: its bell, its incarnation and, of a manager, which loci trapped. */
import { layout } from '../layout.js'

/** What rings a bell, and that its owner sleeps. */
export const bellBits = { mail: 1, control: 2, sleeping: 4 } as const
/** Life of an actor or locus thread, as other threads see it. */
export const actorStates = { free: 0, starting: 1, running: 2, dead: 3 } as const

// The bell and the traps are rung together and taken together, so they share a line; what a locus reads when it traps and
// nobody changes meanwhile has another.
export const actorWords = layout(
  'ActorWords',
  128,
  'One an actor slot: kernel, disk driver, barrier thread, managers.',
  {
    generation: {
      words: 1,
      writer: 'supervisor, before start',
      doc: 'which incarnation; 0 before the first',
    },
    state: {
      words: 1,
      writer: 'actor; supervisor after exit',
      doc: 'free, starting, running or dead',
    },
    reserved0: { words: 14, writer: 'nobody', doc: 'to a cache line' },
    bell: { words: 1, writer: 'anyone, by or; owner, by exchange', doc: 'mail, control, sleeping' },
    turns: { words: 1, writer: 'actor', doc: 'loop turns, for inspection' },
    spin: { words: 1, writer: 'actor', doc: 'present spin budget in loads, for inspection' },
    reserved1: { words: 1, writer: 'nobody', doc: 'to four words' },
    traps: {
      words: 4,
      writer: 'loci set bits, by or; manager takes, by exchange',
      doc: 'bit n: locus n has posted a trap for this manager',
    },
    reserved2: { words: 8, writer: 'nobody', doc: 'to a cache line' },
  },
)
