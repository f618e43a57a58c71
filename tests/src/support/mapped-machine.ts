/**
 * A machine without a kernel and with several containers: what is mapped where is the test's decision, what the memory room
 * makes of it is real.
 */
import {
  actorPorts,
  asContainer,
  asFrame,
  asPageSet,
  containerStates,
  defaultShape,
  type ContainerSlot,
  type Frame,
  type LocusSlot,
  type PageSetId,
} from '@katydid/abi'
import { Bell, Region } from '@katydid/actor'
import {
  Attachment,
  AttachmentSet,
  LocusTrap,
  Window,
  type AccessError,
  type TrapStrategy,
} from '@katydid/memory'

export const mappedManager = actorPorts.firstManager
export const mappedPageSet: PageSetId = asPageSet(1)
export const pageBytes = 4096

/** Region byte address of the entry of page 0 of a container of `mappedMachine`. */
export const tableOf = (region: Region, container: number, pages: number): number =>
  region.plan.tables + 4096 + container * pages * 4

/** Gives the pages of a container stamps, as the kernel does when the first reaches them by a mapping. */
export function giveStamps(region: Region, container: ContainerSlot, pages: number): void {
  const slice = region.plan.tables + 2 * 1024 * 1024 + container * pages * 4
  const directory = region.plan.tables + 1024 * 1024 + container * 64
  region.words.store(directory >> 2, slice)
  region.i32.fill(-1, slice >> 2, (slice >> 2) + pages)
  region.words.store(region.containerWord(container, 'stamps'), directory)
}

/** `containers` containers of `pages` pages each, tokens 100 up, and all frames in one page set of one manager. */
export function mappedMachine(
  containers: number,
  pages: number,
  frameCount: number,
): { region: Region; frames: Frame[] } {
  const region = Region.create({
    ...defaultShape,
    tableBytes: 4 * 1024 * 1024,
    frames: frameCount,
  })
  const { words, plan } = region
  for (let slot = 0; slot < containers; slot++) {
    const container = asContainer(slot)
    const directory = plan.tables + slot * 64
    words.store(directory >> 2, tableOf(region, slot, pages))
    region.f64[region.containerWord(container, 'size') >> 1] = pages * pageBytes
    words.store(region.containerWord(container, 'directory'), directory)
    words.store(region.containerWord(container, 'slabs'), 1)
    words.store(region.containerWord(container, 'manager'), mappedManager)
    words.store(region.containerWord(container, 'token'), 100 + slot)
    words.store(region.containerWord(container, 'state'), containerStates.live)
  }
  const first = plan.firstFrame / pageBytes
  const frames = Array.from({ length: frameCount }, (_, i) => asFrame(first + i))
  for (const frame of frames) words.store(region.frameWord(frame, 'owner'), mappedPageSet)
  return { region, frames }
}

/** A locus that is in `host`: running, with a window on its own pages, and able to open windows on what is mapped into it. */
export class MappedLocus {
  readonly trap: LocusTrap
  readonly uses: AttachmentSet
  readonly own: Window
  readonly #region: Region
  readonly #locus: LocusSlot
  readonly #host: ContainerSlot
  readonly #pages: number
  readonly #strategy: TrapStrategy
  readonly #bell: Bell
  /** Called while it waits at the gate of a supplier, quiet. */
  whileHeld: () => void = () => this.#bell.park(1)

  constructor(
    region: Region,
    locus: LocusSlot,
    host: ContainerSlot,
    pages: number,
    strategy?: TrapStrategy,
  ) {
    this.#bell = new Bell(region.words, region.locusWord(locus, 'bell'))
    this.trap = new LocusTrap(region, locus, this.#bell)
    this.#region = region
    this.#locus = locus
    this.#host = host
    this.#pages = pages
    this.#strategy = strategy ?? this.trap
    const attachment = new Attachment(region, host, locus, this.#strategy)
    this.uses = new AttachmentSet(attachment)
    this.trap.uses = this.uses
    region.words.store(region.locusWord(locus, 'container'), host)
    this.uses.attach()
    this.trap.comeBack()
    this.own = new Window(attachment, 0, pages * pageBytes, tableOf(region, host, pages))
  }

  /** A window at `at` of its container on `length` bytes of `supplier` from `origin` on. */
  open(
    supplier: ContainerSlot,
    at: number,
    origin: number,
    length: number,
    options: { writable?: boolean; confirm?: () => AccessError | null } = {},
  ): Window {
    const region = this.#region
    const attachment = this.uses.to(
      supplier,
      () =>
        new Attachment(region, supplier, this.#locus, this.#strategy, {
          host: this.#host,
          hold: this.#hold.bind(this),
        }),
    )
    const table = tableOf(region, supplier, this.#pages) + (origin / pageBytes) * 4
    return new Window(attachment, at, length, table, {
      origin,
      writable: options.writable ?? true,
      host: this.#host,
      mappings: region.words.load(region.containerWord(this.#host, 'mappings')),
      confirm: options.confirm ?? (() => null),
    })
  }

  #hold(done: () => boolean, mostMs: number): boolean {
    const until = performance.now() + mostMs
    this.trap.goQuiet()
    while (!done() && performance.now() < until) this.whileHeld()
    this.trap.comeBack()
    return done()
  }
}
