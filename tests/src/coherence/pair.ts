/**
 * The directory at home and the pages of its guests, around a memory that is plain variables, with calls between them in a bag. Ground truth is
 * kept beside: what each page holds as of the last store anywhere. Loci use what they were shown until they acknowledge, as real ones do.
 */
import { asMachine, type Consistency, type MachineId, type PageLevel } from '@katydid/abi'
import { Random } from '@katydid/actor'
import { GuestPages, type Granted, type GuestHands } from '@katydid/managers/proxy/guest-pages.js'
import {
  Directory,
  type Content,
  type DirectoryHands,
} from '@katydid/managers/sharing/directory.js'
import { covers, lower } from '@katydid/managers/sharing/levels.js'
import type { Holder } from '@katydid/managers/sharing/page-record.js'
import { Bag } from './bag.js'

export interface PairShape {
  readonly guests: number
  readonly pages: number
  readonly consistency: Consistency
  /** How many pages fit a guest's memory. */
  readonly frames: number
}

const bytesOf = (value: number): Content =>
  value === 0 ? 'zeros' : new Uint8Array(new Uint32Array([value]).buffer)
const valueOf = (bytes: Uint8Array): number => new Uint32Array(bytes.slice().buffer)[0]!

/** What every machine has: entries, what its locus has seen of them, and what it has been asked to acknowledge. */
class Node {
  readonly values: number[]
  readonly entries: PageLevel[]
  readonly views: PageLevel[]
  readonly toAcknowledge = new Set<number>()
  /** The truth of each page when this machine last acquired. */
  readonly known: number[]
  readonly waits = new Set<number>()

  constructor(pages: number, level: PageLevel) {
    this.values = Array.from({ length: pages }, () => 0)
    this.entries = this.values.map(() => level)
    this.views = this.values.map(() => level)
    this.known = this.values.map(() => 0)
  }

  lower(page: number, to: PageLevel): void {
    this.entries[page] = lower(this.entries[page]!, to)
    this.toAcknowledge.add(page)
  }

  /** The locus takes note of one removal, or of all. */
  acknowledge(pages: readonly number[]): void {
    for (const page of pages) {
      this.views[page] = lower(this.views[page]!, this.entries[page]!)
      this.toAcknowledge.delete(page)
    }
  }
}

class Guest extends Node {
  readonly machine: MachineId
  /** Which guest of its machine it is: what is about an earlier one is void. */
  life = 1
  pages: GuestPages
  readonly framed = new Set<number>()
  acquiring = false

  constructor(machine: MachineId, pages: number, hands: (guest: Guest) => GuestHands) {
    super(pages, 'none')
    this.machine = machine
    this.pages = new GuestPages(hands(this))
  }
}

export class Pair {
  readonly shape: PairShape
  readonly random: Random
  readonly bag: Bag
  readonly directory: Directory
  readonly home: Node
  readonly guests: Guest[]
  /** What each page holds, as of the last store anywhere. */
  truth: number[]
  snapshot: number[]
  /** What should not have been. */
  readonly found: string[] = []
  /** How often what happened. */
  readonly seen = { reads: 0, writes: 0, gathers: 0, backs: 0, losses: 0, faults: 0, presses: 0 }
  #recalls: { holder: MachineId; page: number; number: number; to: PageLevel }[] = []
  #stores: (() => void)[] = []
  #now = 0
  #next = 1
  #gathering = false

  constructor(seed: number, shape: PairShape) {
    this.shape = shape
    this.random = new Random(seed)
    this.bag = new Bag(this.random)
    this.home = new Node(shape.pages, 'write')
    this.truth = this.home.values.slice()
    this.snapshot = this.truth.slice()
    this.directory = new Directory(this.#homeHands(), shape.consistency)
    this.guests = Array.from({ length: shape.guests }, (_, i) => this.#guest(asMachine(i + 2)))
  }

  /** One thing happens, whatever the seed draws. `fair`: nothing bad, and nobody begins anything. */
  step(fair = false): void {
    this.#now++
    const { random } = this
    const draw = random.below(fair ? 62 : 100)
    if (draw < 40 && this.bag.isEmpty && this.bag.under > 0) this.bag.giveUp()
    else if (draw < 40) this.bag.deliver()
    else if (draw < 52) this.#acknowledge()
    else if (draw < 56)
      this.#stores.splice(random.below(Math.max(1, this.#stores.length)), 1)[0]?.()
    else if (draw < 60) this.#repeatRecalls()
    else if (draw < 62) this.#expire()
    else if (draw < 64) this.bag.lose()
    else if (draw < 66) this.bag.double()
    else if (draw < 67) this.bag.giveUp()
    else if (draw < 95) this.#access()
    else if (draw < 97) this.#press()
    else if (draw < 98) this.#acquire()
    else if (draw < 99) this.#gather()
    else if (random.chance(0.2)) this.#lose()
  }

  /** Nothing bad happens any more until all is quiet; then what is at home must be the truth. */
  settle(): void {
    for (let i = 0; i < 4000 && !this.#isQuiet(); i++) this.step(true)
    if (!this.#isQuiet()) this.found.push('somebody waits for ever')
    this.#gather()
    for (let i = 0; i < 4000 && this.#gathering; i++) this.step(true)
    if (this.#gathering) this.found.push('what guests have written does not come home')
  }

  #isQuiet(): boolean {
    const nodes = [this.home, ...this.guests]
    return (
      this.bag.isEmpty && this.#stores.length === 0 && nodes.every(({ waits }) => waits.size === 0)
    )
  }

  #homeHands(): DirectoryHands {
    return {
      lower: (holder, page, number, to) => {
        if (holder === 0) return this.home.lower(page, to)
        this.#recalls.push({ holder, page, number, to })
        this.#recall({ holder, page, number, to })
      },
      content: (page) => {
        if (covers(this.home.views[page]!, 'write'))
          this.#say(`page ${page} is read while home may write it`)
        return bytesOf(this.home.values[page]!)
      },
      store: (page, bytes, done) => {
        const put = (): void => {
          this.home.values[page] = valueOf(bytes)
          done()
        }
        if (this.random.chance(0.5)) put()
        else this.#stores.push(put)
      },
      opened: () => {},
    }
  }

  #guest(machine: MachineId): Guest {
    return new Guest(machine, this.shape.pages, (guest) => this.#guestHands(guest))
  }

  #guestHands(guest: Guest): GuestHands {
    const { life } = guest
    const isOver = (): boolean => guest.life !== life
    return {
      frame: (page) => {
        if (!guest.framed.has(page) && guest.framed.size >= this.shape.frames) return false
        guest.framed.add(page)
        return true
      },
      free: (page) => {
        if (guest.views[page] !== 'none') this.#say(`page ${page} is freed while it is used`)
        guest.framed.delete(page)
        // Somebody else's page is in the frame from now on.
        guest.values[page] = -1
        guest.pages.retry()
      },
      show: (page, level, content) => {
        this.#show(guest, page, level, content)
      },
      lower: (page, level) => guest.lower(page, level),
      ask: (page, access, sequence, have) =>
        this.bag.call<Granted | { status: 'busy' }>(
          `${guest.machine} asks ${access} ${page} #${sequence}`,
          (answer) => {
            if (isOver()) return
            this.#ask(guest.machine, page, access, sequence, have, answer)
          },
          (given) => {
            if (isOver()) return
            if (given?.status === 'ok') guest.pages.granted(page, sequence, given)
            else guest.pages.refused(page, sequence, given === null ? 'unreachable' : given.status)
          },
        ),
      giveBack: (page, number, level, withContent) => {
        // What it holds is read now: nobody writes it any more.
        const bytes = withContent
          ? new Uint8Array(new Uint32Array([guest.values[page]!]).buffer)
          : null
        if (withContent && !guest.framed.has(page))
          this.#say(`page ${page} is returned from a frame that was given up`)
        if (withContent && guest.views[page] === 'write')
          this.#say(`page ${page} is returned while it is written`)
        this.bag.call<'ok'>(
          `${guest.machine} returns ${page} #${number} ${level}`,
          (answer) => {
            if (isOver()) return
            this.directory.returned(guest.machine, page, number, level, bytes, () => answer('ok'))
          },
          (given) => {
            if (isOver()) return
            if (given === null) guest.pages.untold(page)
            else guest.pages.told(page)
          },
        )
      },
    }
  }

  #ask(
    holder: Holder,
    page: number,
    access: 'read' | 'write',
    sequence: number,
    have: number,
    answer: (given: Granted | { status: 'busy' }) => void,
  ): void {
    this.directory.request(page, {
      holder,
      access,
      sequence,
      have,
      untilMs: this.#now + 400,
      answer: (given) => answer(given as Granted),
    })
  }

  #show(guest: Guest, page: number, level: PageLevel, content: Granted['content']): void {
    const isReplaced = content !== 'yours' && guest.views[page] !== 'none'
    if (isReplaced) this.#say(`page ${page} is filled while it is used`)
    if (content !== 'yours') guest.values[page] = content === 'zeros' ? 0 : valueOf(content)
    guest.entries[page] = level
  }

  #recall({
    holder,
    page,
    number,
    to,
  }: {
    holder: MachineId
    page: number
    number: number
    to: PageLevel
  }): void {
    const guest = this.guests.find(({ machine }) => machine === holder)!
    const { life } = guest
    this.bag.call<'ok'>(
      `recall ${page} #${number} from ${holder} to ${to}`,
      (answer) => {
        if (guest.life !== life) return
        guest.pages.recalled(page, number, to)
        answer('ok')
      },
      () => {},
    )
  }

  /** What is still asked is asked again. */
  #repeatRecalls(): void {
    this.#recalls = this.#recalls.filter(({ holder, page, number }) =>
      this.directory.isAsked(holder, page, number),
    )
    if (this.#recalls.length > 0 && this.bag.isEmpty)
      this.#recall(this.#recalls[this.random.below(this.#recalls.length)]!)
  }

  #acknowledge(): void {
    const nodes = [this.home, ...this.guests]
    const node = nodes[this.random.below(nodes.length)]!
    const all = [...node.toAcknowledge]
    node.acknowledge(all)
    for (const page of all)
      if (node instanceof Guest) node.pages.acknowledged(page)
      else this.directory.lowered(page)
  }

  #expire(): void {
    this.directory.expire(this.#now)
    for (const guest of this.guests) guest.pages.expire(this.#now)
  }

  #access(): void {
    const nodes: (Node | Guest)[] = [this.home, ...this.guests]
    const node = nodes[this.random.below(nodes.length)]!
    const page = this.random.below(this.shape.pages)
    const access = this.random.chance(0.5) ? 'read' : 'write'
    if (node.waits.size > 0 || (node instanceof Guest && node.acquiring)) return
    // A translation that was loaded before a removal is used until it is acknowledged.
    if (!covers(node.views[page]!, access) && covers(node.entries[page]!, access))
      node.views[page] = node.entries[page]!
    if (covers(node.views[page]!, access)) return this.#use(node, page, access)
    this.seen.faults++
    node.waits.add(page)
    const answer = (): void => void node.waits.delete(page)
    if (node instanceof Guest) node.pages.fault(page, { access, untilMs: this.#now + 400, answer })
    else this.#faultAtHome(page, access, answer)
  }

  #faultAtHome(page: number, access: 'read' | 'write', answer: () => void): void {
    const show = (): void => {
      this.home.entries[page] = this.directory.homeLevel(page)
      answer()
    }
    if (covers(this.directory.homeLevel(page), access)) return show()
    this.#ask(0, page, access, 0, 0, show)
  }

  #use(node: Node, page: number, access: 'read' | 'write'): void {
    const value = node.values[page]!
    this.bag.log.push(
      `${node instanceof Guest ? node.machine : 'home'} ${access}s ${page}: ${value}`,
    )
    if (this.shape.consistency === 'sequential' || access === 'write') {
      if (value !== this.truth[page])
        this.#say(`page ${page} shows ${value}, not ${this.truth[page]}`)
    } else if (value < node.known[page]!)
      this.#say(`page ${page} shows ${value} after ${node.known[page]} was acquired`)
    this.seen[access === 'read' ? 'reads' : 'writes']++
    if (access === 'read') return
    node.values[page] = this.#next++
    this.truth[page] = node.values[page]
  }

  #press(): void {
    const guest = this.guests[this.random.below(this.guests.length)]!
    const held = [...guest.framed].filter((page) => guest.pages.isHeld(page))
    if (held.length === 0) return
    this.seen.presses++
    guest.pages.press(held[this.random.below(held.length)]!)
  }

  /** With release consistency: what was overwritten is given up, and only then does the machine know of it. */
  #acquire(): void {
    if (this.shape.consistency === 'sequential') return
    const guest = this.guests[this.random.below(this.guests.length)]!
    if (guest.acquiring || guest.waits.size > 0) return
    const { life } = guest
    guest.acquiring = true
    const truth = this.truth.slice()
    this.bag.call<readonly { page: number; number: number }[]>(
      `${guest.machine} acquires`,
      (answer) => answer(this.directory.stale(guest.machine)),
      (stale) => {
        guest.acquiring = false
        if (guest.life !== life || stale === null) return
        for (const { page, number } of stale) guest.pages.recalled(page, number, 'none')
        // Its locus goes on behind the acknowledgement.
        const all = [...guest.toAcknowledge]
        guest.acknowledge(all)
        for (const page of all) guest.pages.acknowledged(page)
        for (const [page, value] of truth.entries()) guest.known[page] = value
      },
    )
  }

  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    const { backs } = this.seen
    this.directory.gather(() => {
      this.#gathering = false
      if (this.seen.backs !== backs) return
      this.seen.gathers++
      for (const [page, value] of this.truth.entries())
        // A home locus may be writing on; what guests wrote has to be here.
        if (this.home.values[page] !== value)
          this.#say(`page ${page} is ${this.home.values[page]} at the cut, not ${value}`)
      this.snapshot = this.home.values.slice()
      this.directory.thaw()
    })
  }

  /** A machine is lost: its guest is nobody's, and if it could have written, the container goes back. */
  #lose(): void {
    const guest = this.guests[this.random.below(this.guests.length)]!
    this.seen.losses++
    this.bag.log.push(`machine ${guest.machine} is lost`)
    const lost = this.directory.lost(guest.machine)
    this.#restart(guest)
    if (lost.length === 0) return
    this.seen.backs++
    this.directory.clear()
    this.#gathering = false
    this.#recalls = []
    this.#stores = []
    this.bag.spill()
    for (const each of this.guests) if (each !== guest) this.#restart(each)
    this.truth = this.snapshot.slice()
    for (const [page, value] of this.truth.entries()) {
      this.home.values[page] = value
      this.home.entries[page] = 'none'
      this.home.views[page] = 'none'
      this.home.known[page] = 0
    }
    this.home.toAcknowledge.clear()
  }

  #restart(guest: Guest): void {
    guest.life++
    guest.pages.end('frozen')
    guest.pages = new GuestPages(this.#guestHands(guest))
    guest.framed.clear()
    guest.toAcknowledge.clear()
    guest.waits.clear()
    guest.acquiring = false
    guest.entries.fill('none')
    guest.views.fill('none')
    guest.values.fill(0)
    guest.known.fill(0)
  }

  #say(what: string): void {
    this.found.push(what)
    this.bag.log.push(`!!! ${what}`)
  }
}
