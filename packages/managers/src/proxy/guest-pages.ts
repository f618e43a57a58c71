/**
 * The pages of a guest: faults of the loci here, grants of home, recalls, and pages given up for want of frames. No I/O; time is an argument.
 *
 * What it promises: nobody here uses a page beyond what home has granted; a page is returned when every locus has acknowledged, with what it
 * holds if it could be written; it is kept until home has it. Of a page there is one request, or one return, under way at a time.
 *
 * What it never does: write to a page, or answer a recall before its loci have acknowledged.
 */
import type { PageLevel, Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { covers, lower } from '../sharing/levels.js'
import { Copy, type GuestFault } from './copy.js'

/** What home answers to a request. */
export interface Granted {
  readonly status: 'ok'
  readonly number: number
  readonly level: PageLevel
  readonly content: 'yours' | 'zeros' | Uint8Array
}

/** What the pages have done by others. Nothing calls back from inside. */
export interface GuestHands {
  /** Whether there is a frame for the page; it is kept for it until `free`. False: `retry` when there may be. */
  frame(page: number): boolean
  /** Nobody uses the frame of the page any more. */
  free(page: number): void
  /** Shows the page, with what it holds unless that is `yours`. */
  show(page: number, level: PageLevel, content: Granted['content']): void
  /** Takes the page down to `level`; `acknowledged` when every locus has seen that. */
  lower(page: number, level: PageLevel): void
  /** page_request; `granted` or `refused` with the sequence. */
  ask(page: number, access: 'read' | 'write', sequence: number, have: number): void
  /** page_return; `told` or `untold`. */
  giveBack(page: number, number: number, level: PageLevel, withContent: boolean): void
}

export class GuestPages {
  readonly #hands: GuestHands
  readonly #copies = new Map<number, Copy>()
  #sequence = 0

  constructor(hands: GuestHands) {
    this.#hands = hands
  }

  /** Pages of which something is known here. */
  get size(): number {
    return this.#copies.size
  }

  /** Pages that faults wait for, for want of a frame. */
  get waiting(): number {
    return this.#count(({ state, faults }) => state === 'absent' && faults.length > 0)
  }

  /** Pages whose frames become free when home has what they hold. */
  get leaving(): number {
    return this.#count(
      ({ state, target }) => (state === 'lowering' || state === 'returning') && target === 'none',
    )
  }

  /** Whether loci here may still see the copy of that grant. */
  isSeen(page: number, number: number): boolean {
    const copy = this.#copies.get(page)
    return copy !== undefined && copy.number === number && copy.level !== 'none'
  }

  /** Whether a page can be given up now. */
  isHeld(page: number): boolean {
    const copy = this.#copies.get(page)
    return copy?.state === 'held' && copy.faults.length === 0
  }

  /** Whether giving it up would send what it holds. */
  isWritten(page: number): boolean {
    return this.#copies.get(page)?.level === 'write'
  }

  /** A locus here touched the page. */
  fault(page: number, fault: GuestFault): void {
    invariant(Number.isInteger(page) && page >= 0, 'CH2: pages are numbered from 0', { page })
    const copy = this.#copy(page)
    copy.faults.push(fault)
    this.#want(copy)
  }

  /** Frames may have become free. */
  retry(): void {
    for (const copy of this.#copies.values())
      if (copy.state === 'absent' && copy.faults.length > 0) this.#want(copy)
  }

  granted(page: number, sequence: number, grant: Granted): void {
    const copy = this.#asked(page, sequence)
    if (copy === null) return
    invariant(copy.level !== 'write', 'CH2: what is held for writing is not asked for', { page })
    copy.sequence = 0
    copy.on('granted')
    invariant(grant.number > copy.number, 'CH2: grants rise', { page, number: grant.number })
    copy.number = grant.number
    copy.level = grant.level
    copy.target = 'write'
    this.#hands.show(page, grant.level, grant.content)
    this.#answer(copy, ({ access }) => covers(copy.level, access), 'ok')
    this.#want(copy)
  }

  refused(page: number, sequence: number, status: Status): void {
    const copy = this.#asked(page, sequence)
    if (copy === null) return
    copy.sequence = 0
    // What is read here is not what is there any more: it is given up, and asked for as a whole.
    if (status === 'busy' && copy.state === 'raising') return this.#lower(copy, 'none', 'recalled')
    copy.on('refused')
    if (copy.state === 'absent') this.#hands.free(page)
    // Void, since another of ours overtook it: loci look again, and ask anew.
    this.#answer(copy, () => true, status === 'busy' ? 'ok' : status)
    this.#tidy(copy)
  }

  /** Home wants the copy of that grant down to `level`. */
  recalled(page: number, number: number, level: PageLevel): void {
    invariant(level !== 'write' && number > 0, 'CH2: a recall is down from a grant', {
      page,
      number,
    })
    const copy = this.#copy(page)
    if (number < copy.number) return this.#tidy(copy)
    const isKnown = number === copy.number
    if (isKnown && covers(level, lower(copy.level, copy.target)) && copy.level !== 'none') return
    // A grant that has not come: whatever is here goes as well, and the answer is void when it comes.
    if (copy.state === 'held' || copy.state === 'raising') {
      invariant(isKnown || copy.level !== 'write', 'CH2: what is written is of the newest grant', {
        page,
        number,
      })
      copy.number = number
      copy.sequence = 0
      this.#lower(copy, isKnown ? level : 'none', 'recalled')
    } else if (copy.state === 'lowering' || copy.state === 'returning') {
      copy.on('recalled')
      if (!isKnown) copy.owed = Math.max(copy.owed, number)
      const before = copy.target
      copy.target = lower(copy.target, isKnown ? level : 'none')
      // What was protected is taken out as well; what it returns is the lower of both.
      if (copy.state === 'lowering' && copy.target !== before) this.#hands.lower(page, copy.target)
    } else if (copy.state === 'owing') {
      copy.on('recalled')
      copy.owed = Math.max(copy.owed, number)
    } else {
      if (copy.state === 'asking') this.#hands.free(page)
      this.#owe(copy, number)
    }
  }

  /** The page is given up for its frame. */
  press(page: number): void {
    const copy = this.#copies.get(page)
    invariant(copy?.state === 'held', 'CH2: what is held can be given up', { page })
    this.#lower(copy, 'none', 'pressed')
  }

  /** Every locus has seen that the page is down to what was asked last. */
  acknowledged(page: number): void {
    const copy = this.#copies.get(page)
    if (copy?.state !== 'lowering') return
    invariant(covers(copy.level, copy.target), 'CH2: a copy comes down', { page })
    copy.on('acknowledged')
    copy.level = copy.target
    this.#giveBack(copy)
  }

  /** Home has what was returned. */
  told(page: number): void {
    const copy = this.#copies.get(page)
    if (copy === undefined) return
    if (copy.state === 'owing') {
      copy.on('toldAll')
      return this.#absent(copy)
    }
    if (copy.state !== 'returning') return
    copy.written = false
    if (copy.level === 'none') {
      copy.on('toldAll')
      this.#hands.free(page)
      return this.#absent(copy)
    }
    if (copy.target !== copy.level) {
      copy.on('deeper')
      return this.#hands.lower(page, copy.target)
    }
    copy.on('told')
    copy.target = 'write'
    this.#answer(copy, ({ access }) => covers(copy.level, access), 'ok')
    this.#want(copy)
  }

  /** Nobody knows whether home has it: it is told again. */
  untold(page: number): void {
    invariant(page >= 0, 'CH2: pages are numbered from 0', { page })
    const copy = this.#copies.get(page)
    if (copy === undefined || (copy.state !== 'returning' && copy.state !== 'owing')) return
    copy.on('untold')
    this.#giveBack(copy)
  }

  /** Refuses faults that have waited for too long; answers when the next has. */
  expire(nowMs: number): number {
    let next = Infinity
    for (const copy of this.#copies.values()) {
      this.#answer(copy, ({ untilMs }) => untilMs <= nowMs, 'unreachable')
      for (const { untilMs } of copy.faults) next = Math.min(next, untilMs)
      this.#tidy(copy)
    }
    return next
  }

  /** The guest is over. Answers the pages that have a frame. */
  end(status: Status): number[] {
    const copies = [...this.#copies.values()]
    this.#copies.clear()
    for (const copy of copies) this.#answer(copy, () => true, status)
    return copies
      .filter(({ state }) => state !== 'absent' && state !== 'owing')
      .map(({ page }) => page)
  }

  #count(isMeant: (copy: Copy) => boolean): number {
    let count = 0
    for (const copy of this.#copies.values()) if (isMeant(copy)) count++
    return count
  }

  #copy(page: number): Copy {
    const known = this.#copies.get(page)
    if (known !== undefined) return known
    const copy = new Copy(page)
    this.#copies.set(page, copy)
    return copy
  }

  /** The copy for which this request is under way; null: it was given up, and its answer is void. */
  #asked(page: number, sequence: number): Copy | null {
    const copy = this.#copies.get(page)
    return copy !== undefined && copy.sequence === sequence && sequence !== 0 ? copy : null
  }

  /** Asks home for what faults need, when nothing is under way for the page. */
  #want(copy: Copy): void {
    this.#answer(copy, ({ access }) => copy.state === 'held' && covers(copy.level, access), 'ok')
    if (copy.faults.length === 0 || (copy.state !== 'absent' && copy.state !== 'held')) return
    if (copy.state === 'absent' && !this.#hands.frame(copy.page)) return
    invariant(copy.sequence === 0, 'CH2: of a page there is one request under way', {
      page: copy.page,
    })
    const { access } = copy.faults.find((fault) => fault.access === 'write') ?? copy.faults[0]!
    copy.on('fault')
    copy.wanted = access
    copy.sequence = ++this.#sequence
    this.#hands.ask(copy.page, access, copy.sequence, copy.level === 'none' ? 0 : copy.number)
  }

  #lower(copy: Copy, to: PageLevel, event: 'recalled' | 'pressed'): void {
    copy.on(event)
    copy.target = lower(copy.level, to)
    copy.written ||= copy.level === 'write'
    this.#hands.lower(copy.page, copy.target)
  }

  #giveBack(copy: Copy): void {
    invariant(
      copy.level !== 'write' && copy.number > 0,
      'CH2: what is returned is not written any more',
      { page: copy.page },
    )
    this.#hands.giveBack(copy.page, copy.number, copy.level, copy.written)
  }

  /** A grant that is not here is returned with nothing, and its answer is void if it comes. */
  #owe(copy: Copy, number: number): void {
    copy.on('recalled')
    copy.sequence = 0
    copy.number = number
    copy.owed = 0
    copy.written = false
    this.#giveBack(copy)
  }

  /** Nothing is here any more: what is owed of it is told, and faults that wait are asked for anew. */
  #absent(copy: Copy): void {
    copy.level = 'none'
    copy.target = 'write'
    if (copy.owed > copy.number) return this.#owe(copy, copy.owed)
    this.#want(copy)
    this.#tidy(copy)
  }

  #answer(copy: Copy, isMeant: (fault: GuestFault) => boolean, status: Status): void {
    const meant = copy.faults.filter(isMeant)
    copy.faults = copy.faults.filter((fault) => !meant.includes(fault))
    for (const fault of meant) fault.answer(status)
  }

  #tidy(copy: Copy): void {
    const isNothing = copy.state === 'absent' && copy.faults.length === 0
    if (isNothing && this.#copies.get(copy.page) === copy) this.#copies.delete(copy.page)
  }
}
