/**
 * Cleans segments of the disk in rounds: segments in which little is needed are emptied, a snapshot of ourselves makes the
 * changed maps durable, and they are freed with it.
 *
 * It works between other things: a few pages at a time, never while maps stand still, and rests in between, unless pages wait for
 * room. It disturbs no interval, since copies belong to none. When rounds win nothing they are not repeated before something
 * was folded or a segment's worth let go of; pages that wait are told that the disk is full when a capture of the world, tried since, has won
 * nothing either. However long that takes: a slow disk is not a full one.
 */
import { diskCalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { AccessError } from '@katydid/memory'
import type { Context } from './context.js'
import type { Folding } from './folding.js'
import type { Identity } from './identity.js'
import { Moves, type Described } from './moves.js'
import type { OwnSnapshot } from './own-snapshot.js'
import type { Space } from './space.js'
import { chooseVictims } from './victims.js'

/** Own frames that must be free of pins for a map to be walked. */
const spareFrames = 2
/** Descriptors looked up in one turn. */
const lookSlice = 64
/** Pages that wait for room are not told sooner that there is none: what others give up may come a little later. */
const patienceMs = 2000
/** So many rounds that win nothing, one after the other: the first may only make the next one possible. */
const vainRounds = 3
/** A disk that says it has room and refuses so often in a row is full in a way that cleaning does not help. */
const mostRefusals = 50
/** While pages wait for room the disk is asked this often. */
const askAgainMs = 5

interface Round {
  /** Segments whose heads are to be asked for yet. */
  readonly segments: number[]
  readonly all: readonly number[]
  found: Described[]
  readonly copies: Described[]
  readonly freeBefore: number
  copied: number
  phase: 'emptying' | 'asking' | 'snapshot' | 'counting'
}

export class Cleaner {
  readonly #context: Context
  readonly #identity: Identity
  readonly #folding: Folding
  readonly #ownSnapshot: OwnSnapshot
  readonly #space: Space
  readonly #moves: Moves
  readonly #tries: () => number
  #round: Round | null = null
  /** What was left in segments that a round could not empty. */
  readonly #passed = new Map<number, number>()
  /** Free segments after the last round; the next one waits until there are fewer. */
  #freeAfter = Infinity
  /** Rounds that have won nothing since one did, and what had been let go of when the last of them ended. */
  #vain = 0
  #letGo = { folded: 0, dropped: 0 }
  /** Tries to have the world captured that had come to their end when pages had to wait and a round had won nothing. */
  #triesBefore: number | null = null
  #waitsSinceMs: number | null = null
  #restsUntilMs = 0
  #asksAtMs = 0
  #failure: string | null = null

  constructor(
    context: Context,
    identity: Identity,
    folding: Folding,
    ownSnapshot: OwnSnapshot,
    space: Space,
    tries: () => number,
  ) {
    this.#context = context
    this.#tries = tries
    this.#identity = identity
    this.#folding = folding
    this.#ownSnapshot = ownSnapshot
    this.#space = space
    this.#moves = new Moves(context, identity.own.token)
    context.writer.roomMayCome = (refusals) => !this.#isHopeless && refusals < mostRefusals
  }

  /** Whether it wants another turn though no bell may ring. */
  get isPending(): boolean {
    return this.#round !== null || this.#context.writer.waitsForRoom
  }

  /** A few steps of what is to be done. Called when pages have had their turn. */
  settle(): void {
    if (this.#context.writer.waitsForRoom) this.#wait()
    else {
      this.#triesBefore = this.#waitsSinceMs = null
      this.#space.look()
    }
    if (this.#failure !== null || this.#ownSnapshot.isBusy || this.#folding.suspended) return
    if (!this.#context.ownFrames.ensure(spareFrames)) return
    try {
      if (this.#round === null) this.#begin()
      else this.#goOn(this.#round)
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      this.#failure = error.message
      this.#round = null
      const detail = `segments of the disk are cleaned no more: ${error.message}`
      this.#context.report({
        kind: 'trouble',
        port: this.#context.port,
        status: error.status,
        detail,
      })
    }
  }

  /** Rounds win nothing, and nothing was let go of since. */
  get #isHopeless(): boolean {
    if (this.#failure !== null) return true
    if (this.#vain < vainRounds || this.#folding.progress !== this.#letGo.folded) return false
    return this.#context.store.usage.dropped - this.#letGo.dropped < this.#space.segmentBlocks
  }

  #begin(): void {
    const { free, low, tight } = this.#space
    if (this.#isHopeless || free >= low) return
    if (free >= this.#freeAfter && free > tight && !this.#context.writer.waitsForRoom) return
    const all = chooseVictims(this.#context.store.usage, this.#space, this.#passed)
    if (all.length === 0 && free > tight && !this.#context.writer.waitsForRoom) {
      this.#freeAfter = free
      return
    }
    this.#round = {
      segments: [...all],
      all,
      found: [],
      copies: [],
      freeBefore: free,
      copied: 0,
      phase: 'emptying',
    }
  }

  #goOn(round: Round): void {
    const { options, clock, writer } = this.#context
    invariant(
      !this.#folding.suspended,
      'MG12: maps stand still while the root page is made durable',
      {
        phase: round.phase,
      },
    )
    if (round.phase === 'counting') this.#count(round)
    if (round.phase !== 'emptying') return
    this.#moves.apply(options.foldSlice)
    for (const page of round.found.splice(0, lookSlice))
      if (this.#moves.mustCopy(page)) round.copies.push(page)
    if (this.#moves.isWriting) return
    const nothingMore = round.found.length === 0 && round.segments.length === 0
    if (round.copies.length >= options.cleanPages || (nothingMore && round.copies.length > 0)) {
      if (clock.nowMs() < this.#restsUntilMs && !writer.waitsForRoom) return
      this.#restsUntilMs = clock.nowMs() + options.cleanRestMs
      const copies = round.copies.splice(0, options.cleanPages)
      round.copied += copies.length
      const problem = this.#moves.copy(copies)
      if (problem !== null)
        this.#context.report({
          kind: 'trouble',
          port: this.#context.port,
          status: 'damaged',
          detail: problem,
        })
      return
    }
    if (round.found.length > 0) return
    if (round.segments.length > 0) this.#ask(round)
    else if (this.#moves.isDone) this.#end(round)
  }

  #ask(round: Round): void {
    round.phase = 'asking'
    const args = { segment: round.segments.shift()! }
    this.#context.messenger.call(this.#identity.disk, diskCalls.diskSegment, args, (reply) => {
      round.phase = 'emptying'
      if (reply.status === 'ok') round.found = [...reply.pages]
    })
  }

  #end(round: Round): void {
    invariant(!this.#ownSnapshot.isBusy, 'MG20: a round ends with a snapshot that sees all of it', {
      segments: round.all.length,
    })
    round.phase = 'snapshot'
    this.#ownSnapshot.request(() =>
      this.#space.lookNow(() => {
        round.phase = 'counting'
      }),
    )
  }

  /** What the round has won. */
  #count(round: Round): void {
    for (const segment of round.all) {
      const left = this.#context.store.usage.live(segment)
      if (left > 0) this.#passed.set(segment, left)
      else this.#passed.delete(segment)
    }
    const { free } = this.#space
    this.#context.trace.event('clean', round.all.length, round.copied)
    this.#freeAfter = free
    this.#noteGain(free > round.freeBefore)
    this.#round = null
  }

  #noteGain(hasWon: boolean): void {
    this.#vain = hasWon ? 0 : Math.min(vainRounds, this.#vain + 1)
    const { dropped } = this.#context.store.usage
    invariant(dropped >= this.#letGo.dropped, 'MG20: what was let go of stays so', { dropped })
    this.#letGo = { folded: this.#folding.progress, dropped }
  }

  /** Pages wait for room: the disk is asked whether there is some. */
  #wait(): void {
    const now = this.#context.clock.nowMs()
    invariant(
      this.#context.writer.waitsForRoom,
      'MG21: the disk is asked for room when pages wait',
      {
        now,
      },
    )
    this.#waitsSinceMs ??= now
    if (now < this.#asksAtMs) return
    this.#asksAtMs = now + askAgainMs
    this.#space.lookNow(() => this.#relieve())
  }

  /** They go on when there is, or when there will be none, however long it takes to know. */
  #relieve(): void {
    const { writer } = this.#context
    if (!writer.waitsForRoom) return
    const isIdle = this.#round === null && !this.#folding.isPending && !this.#ownSnapshot.isBusy
    if (this.#space.free >= this.#space.tight || (isIdle && this.#isHopeless && this.#isTried))
      writer.roomAgain()
  }

  /** A capture of the world was tried since rounds win nothing, and has not helped either. */
  get #isTried(): boolean {
    const tries = this.#tries()
    this.#triesBefore ??= tries
    const waited = this.#context.clock.nowMs() - (this.#waitsSinceMs ?? Infinity)
    return (tries > this.#triesBefore || tries === Infinity) && waited > patienceMs
  }
}
