/**
 * What an owner of a disk may rely on, kept the naive way: a list of all it wrote, in order, and what it was told. After a power cut
 * `lookAt` compares an image with it and says in sentences what is wrong; an empty list means that every promise was kept.
 */
import { asPosition, type DiskBlock } from '@katydid/abi'
import {
  alice,
  type Bench,
  bob,
  kernel,
  ok,
  pageContent,
  recordId,
  type WriteAnswer,
} from './bench.js'

export const owners = [kernel, alice, bob]

interface Sent {
  readonly owner: number
  readonly pages: readonly number[]
  readonly records: readonly number[]
  readonly barrier: boolean
  readonly holder: { readonly answer: WriteAnswer | null }
  /** Length of the journal when it was promised to be durable; null: not yet. */
  promisedAt: number | null
  /** A cut came before its answer: in which group it begins is not known, only that it is there. */
  isGuessed: boolean
  /** Whether its places were taken note of. */
  isHeard: boolean
}

interface LivePage {
  readonly owner: number
  readonly page: number
  readonly block: number
  readonly sent: Sent
  /** Length of the journal when the owner gave it up. */
  droppedAt: number
}

interface Trim {
  readonly owner: number
  readonly position: number
  /** Length of the journal when it was said. */
  readonly at: number
}

export class OwnerModel {
  #sent: Sent[] = []
  #live: LivePage[] = []
  readonly #segmentBlocks: number
  #trims: Trim[] = []
  /** Pages given up before the last cut. */
  #given = new Set<number>()
  #nextId = 1

  constructor(segmentBlocks: number) {
    this.#segmentBlocks = segmentBlocks
  }

  /** Sends a write of so many new pages and records. */
  write(bench: Bench, owner: number, pages: number, records: number, barrier: boolean): void {
    const take = (): number => this.#nextId++
    const write = {
      owner,
      pages: Array.from({ length: pages }, take),
      records: Array.from({ length: records }, take),
      barrier,
      promisedAt: null,
      isGuessed: false,
      isHeard: false,
    }
    const holder = bench.write(owner, write.pages, write.records, barrier)
    this.#sent.push({ ...write, holder })
  }

  /** Notes what was answered since. A barrier's answer promises the write and all that came before it. */
  hear(bench: Bench): void {
    const now = bench.journal.entries.length
    this.#sent = this.#sent.filter(
      ({ holder }) => holder.answer === null || holder.answer.status === 'ok',
    )
    const last = this.#sent.findLastIndex(
      ({ barrier, holder }) => barrier && holder.answer !== null,
    )
    for (const [nth, sent] of this.#sent.entries()) {
      if (nth <= last && sent.promisedAt === null) sent.promisedAt = now
      if (sent.holder.answer?.status !== 'ok' || sent.isHeard) continue
      sent.isHeard = true
      const { places } = sent.holder.answer
      this.#live.push(
        ...sent.pages.map((page, at) => ({
          owner: sent.owner,
          page,
          block: places[at]!.block,
          sent,
          droppedAt: Infinity,
        })),
      )
    }
  }

  /** The owner gives up the pages in its lowest segment, trims the log behind its own things there, and frees what it does not use. */
  giveUp(bench: Bench, owner: number): void {
    const { segmentBlocks } = bench.core.status()
    const segmentOf = (block: number): number => Math.floor(block / segmentBlocks) - 1
    const mine = this.#live.filter(
      (live) =>
        live.owner === owner && live.droppedAt === Infinity && live.sent.promisedAt !== null,
    )
    const lowest = Math.min(...mine.map(({ block }) => segmentOf(block)))
    for (const live of mine) {
      if (segmentOf(live.block) !== lowest) continue
      live.droppedAt = bench.journal.entries.length
      this.#trim(bench, owner, ok(live.sent.holder.answer).position)
    }
    this.freeUnused(bench, owner)
  }

  /** The owner needs nothing of the log but what is not yet promised. */
  trimAll(bench: Bench, owner: number): void {
    for (const sent of this.#sent)
      if (sent.owner === owner && sent.promisedAt !== null && sent.holder.answer?.status === 'ok')
        this.#trim(bench, owner, sent.holder.answer.position)
  }

  /** Frees every segment in which the owner has no page, as after a restart. */
  freeUnused(bench: Bench, owner: number): void {
    const { segments, segmentBlocks } = bench.core.status()
    const used = new Set(
      this.#live
        .filter((live) => live.owner === owner && live.droppedAt === Infinity)
        .map(({ block }) => Math.floor(block / segmentBlocks) - 1),
    )
    const unheard = this.#sent.some((sent) => sent.owner === owner && sent.holder.answer === null)
    if (unheard) return
    const unused = Array.from({ length: segments }, (_, segment) => segment).filter(
      (segment) => !used.has(segment),
    )
    ok(bench.core.free(owner, unused))
  }

  #trim(bench: Bench, owner: number, position: number): void {
    this.#trims.push({ owner, position, at: bench.journal.entries.length })
    ok(bench.core.trim(owner, asPosition(position)))
  }

  /** Whether the owner has trimmed behind the beginning of the write, as early as that may lie: each of its groups is in a segment of its own. */
  #isTrimmed({ owner, pages, records, holder, isGuessed }: Sent, upTo: number): boolean {
    const { answer } = holder
    if (answer?.status !== 'ok') return false
    const segments = new Set(
      answer.places.map(({ block }) => Math.floor(block / this.#segmentBlocks)),
    )
    const isOneGroup = pages.length === 0 || (segments.size === 1 && records.length === 0)
    const last = isOneGroup ? answer.position : answer.position - segments.size
    const first = isGuessed ? 0 : last
    return this.#trims.some(
      (trim) => trim.owner === owner && trim.at <= upTo && trim.position > first,
    )
  }

  /** What is wrong with the disk that `after` has opened, when the cut came after `upTo` entries of the journal. */
  lookAt(after: Bench, upTo: number): string[] {
    const wrong = owners.flatMap((owner) => this.#lookFor(after, owner, upTo))
    if (after.opened.damage !== null)
      wrong.push(`a clean cut was called damage: ${after.opened.damage}`)
    for (const { page, block, sent, droppedAt } of this.#live) {
      if (sent.promisedAt === null || sent.promisedAt > upTo || droppedAt <= upTo) continue
      if (!Buffer.from(after.block(block)).equals(pageContent(page)))
        wrong.push(`page ${page} at block ${block} is not what was acknowledged`)
    }
    return wrong
  }

  #lookFor(after: Bench, owner: number, upTo: number): string[] {
    const wrong: string[] = []
    const found = after.scan(owner)
    const sent = this.#sent.filter((each) => each.owner === owner)
    const pages = found.pages.map(({ page }) => page)
    const records = found.records.map(({ content }) => recordId(content))
    const isRun = (run: readonly number[], of: readonly number[]): boolean => {
      const begin = run.length === 0 ? 0 : of.indexOf(run[0]!)
      return begin >= 0 && run.every((each, nth) => each === of[begin + nth])
    }
    if (
      !isRun(
        pages,
        sent.flatMap((each) => each.pages),
      )
    )
      wrong.push(`owner ${owner} finds pages ${pages.join()}, which it never wrote in this order`)
    if (
      !isRun(
        records,
        sent.flatMap((each) => each.records),
      )
    )
      wrong.push(
        `owner ${owner} finds records ${records.join()}, which it never wrote in this order`,
      )
    for (const { page, block } of found.pages)
      if (!Buffer.from(after.block(block)).equals(pageContent(page)))
        wrong.push(`page ${page} was found with other bytes`)
    for (const each of sent) {
      const isTrimmed = this.#isTrimmed(each, upTo)
      const missing = [
        ...each.pages.filter((id) => !pages.includes(id)),
        ...each.records.filter((id) => !records.includes(id)),
      ]
      if (each.promisedAt !== null && each.promisedAt <= upTo && !isTrimmed && missing.length > 0)
        wrong.push(`${missing.join()} of owner ${owner} was acknowledged and is gone`)
      const hasRecord = each.records.some((id) => records.includes(id))
      if (hasRecord && !isTrimmed && each.pages.some((id) => !pages.includes(id)))
        wrong.push(`records of owner ${owner} are there without their pages`)
    }
    return wrong
  }

  /**
   * Goes on after a cut: what was found is durable now, the rest never was. Of a write whose answer was cut off the owner learns where its
   * pages are by the scan.
   */
  goOn(after: Bench): void {
    const position = after.core.status().lastPosition
    const blocks = new Map<number, DiskBlock>()
    const found = new Set<number>()
    for (const owner of owners) {
      const { pages, records } = after.scan(owner)
      for (const { page, block } of pages) blocks.set(page, block)
      for (const id of [...blocks.keys(), ...records.map(({ content }) => recordId(content))])
        found.add(id)
    }
    this.#sent = this.#sent.flatMap((sent) => {
      if (sent.promisedAt !== null && this.#isTrimmed(sent, Infinity))
        return [{ ...sent, promisedAt: 0 }]
      const pages = sent.pages.filter((id) => found.has(id))
      const records = sent.records.filter((id) => found.has(id))
      if (pages.length + records.length === 0) return []
      const places = pages.map((id) => ({ block: blocks.get(id)!, checksum: 0 }))
      const isGuessed = sent.isGuessed || sent.holder.answer?.status !== 'ok'
      const told = sent.holder.answer?.status === 'ok' ? sent.holder.answer.position : position
      // The last of its groups may be gone: the log ends before it.
      const heard = asPosition(Math.min(told, position))
      const answer = { status: 'ok', position: heard, places } as const
      return [
        { ...sent, pages, records, promisedAt: 0, isGuessed, isHeard: true, holder: { answer } },
      ]
    })
    const dropped = new Set(
      this.#live.flatMap(({ page, droppedAt }) => (droppedAt === Infinity ? [] : [page])),
    )
    this.#live = this.#sent.flatMap((sent) =>
      sent.pages.flatMap((page, nth) => {
        if (dropped.has(page) || this.#given.has(page) || sent.holder.answer?.status !== 'ok')
          return []
        return [
          {
            owner: sent.owner,
            page,
            block: sent.holder.answer.places[nth]!.block,
            sent,
            droppedAt: Infinity,
          },
        ]
      }),
    )
    this.#given = new Set([...this.#given, ...dropped])
    this.#trims = this.#trims.map((trim) => ({ ...trim, at: 0 }))
    for (const owner of owners) this.freeUnused(after, owner)
  }
}
