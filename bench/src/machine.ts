/**
 * A machine without a kernel: one container of which every page has its frame, and its page table. What the memory room
 * does on it is real; there is no manager unless the bench plays one.
 */
import {
  actorPorts,
  asContainer,
  asFrame,
  asPageSet,
  containerStates,
  defaultShape,
  type Frame,
  type LocusSlot,
} from '@katydid/abi'
import { Bell, Region } from '@katydid/actor'
import {
  Attachment,
  AttachmentSet,
  Lcd,
  LocusTrap,
  Window,
  type TrapStrategy,
} from '@katydid/memory'

export const manager = actorPorts.firstManager
export const pageSet = asPageSet(1)
export const container = asContainer(0)

export interface BenchMachine {
  readonly region: Region
  /** Region byte address of the entry of page 0. */
  readonly table: number
  readonly frames: readonly Frame[]
  readonly lcd: Lcd
}

/** A machine with a container of `pages` pages and as many frames. */
export function benchMachine(pages: number, pageBytes: number): BenchMachine {
  const tableBytes = 2 * 1024 * 1024
  const region = Region.create({ ...defaultShape, tableBytes, frames: pages, pageBytes })
  const { words, plan } = region
  const table = plan.tables + pageBytes
  words.store(plan.tables >> 2, table)
  region.f64[region.containerWord(container, 'size') >> 1] = pages * pageBytes
  words.store(region.containerWord(container, 'directory'), plan.tables)
  words.store(region.containerWord(container, 'slabs'), 1)
  words.store(region.containerWord(container, 'manager'), manager)
  words.store(region.containerWord(container, 'token'), 77)
  words.store(region.containerWord(container, 'state'), containerStates.live)
  const first = plan.firstFrame / pageBytes
  const frames = Array.from({ length: pages }, (_, i) => asFrame(first + i))
  for (const frame of frames) words.store(region.frameWord(frame, 'owner'), pageSet)
  return { region, table, frames, lcd: openLcd(region) }
}

/** The container's descriptor, for whoever plays its manager. */
export function openLcd(region: Region): Lcd {
  return Lcd.open(region, { container, manager, pageSet })
}

/** Joins as a locus: attached and running. `bell` is where it parks; `strategy` answers in place of a manager. */
export function join(
  region: Region,
  locus: LocusSlot,
  options: { spin?: number; strategy?: TrapStrategy } = {},
): { attachment: Attachment; trap: LocusTrap } {
  const bell = new Bell(region.words, region.locusWord(locus, 'bell'), options.spin)
  const trap = new LocusTrap(region, locus, bell)
  const attachment = new Attachment(region, container, locus, options.strategy ?? trap)
  trap.uses = new AttachmentSet(attachment)
  attachment.attach()
  trap.comeBack()
  return { attachment, trap }
}

/** Joins in another container, into which all of the first is mapped. Answers the attachment to the first. */
export function joinAcross(region: Region, locus: LocusSlot, strategy: TrapStrategy): Attachment {
  const host = asContainer(1)
  const bell = new Bell(region.words, region.locusWord(locus, 'bell'))
  const trap = new LocusTrap(region, locus, bell)
  const uses = new AttachmentSet(new Attachment(region, host, locus, strategy))
  trap.uses = uses
  uses.attach()
  trap.comeBack()
  // Nobody cuts the container in a bench.
  const way = { host, hold: (done: () => boolean) => done() }
  return uses.to(container, () => new Attachment(region, container, locus, strategy, way))
}

/** A window over the whole container. */
export function openWhole(attachment: Attachment, table: number, pages: number): Window {
  return new Window(attachment, 0, pages * attachment.region.plan.shape.pageBytes, table)
}
