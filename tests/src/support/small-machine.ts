/**
 * A machine without a kernel, for rules of the memory room: one container with a page table, frames in one page set, and a
 * manager that the test itself plays. What the memory room does is real; only decisions are the test's.
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
  type MachineShape,
  type PageSetId,
  type PortId,
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

export const manager: PortId = actorPorts.firstManager
export const pageSet: PageSetId = asPageSet(1)
export const container: ContainerSlot = asContainer(0)

export interface SmallMachine {
  readonly region: Region
  readonly lcd: Lcd
  /** Region byte address of the entry of page 0. */
  readonly table: number
  readonly frames: readonly Frame[]
}

/** A machine with a container of `pages` pages managed by `manager`, and all frames in `pageSet`. */
export function smallMachine(
  pages: number,
  frames: number,
  more: Partial<MachineShape> = {},
): SmallMachine {
  const region = Region.create({ ...defaultShape, tableBytes: 4 * 1024 * 1024, frames, ...more })
  const { words, plan } = region
  const table = plan.tables + 4096
  words.store(plan.tables >> 2, table)
  region.f64[region.containerWord(container, 'size') >> 1] = pages * plan.shape.pageBytes
  words.store(region.containerWord(container, 'directory'), plan.tables)
  words.store(region.containerWord(container, 'slabs'), 1)
  words.store(region.containerWord(container, 'manager'), manager)
  words.store(region.containerWord(container, 'token'), 77)
  words.store(region.containerWord(container, 'state'), containerStates.live)
  const first = plan.firstFrame / plan.shape.pageBytes
  const all = Array.from({ length: frames }, (_, i) => asFrame(first + i))
  for (const frame of all) words.store(region.frameWord(frame, 'owner'), pageSet)
  return { region, table, frames: all, lcd: Lcd.open(region, { container, manager, pageSet }) }
}

/** A locus's thread joins the machine: attached, running, with a window over the whole container. */
export function joinAsLocus(
  region: Region,
  table: number,
  locus: LocusSlot,
  pages: number,
  strategy?: TrapStrategy,
): { window: Window; trap: LocusTrap; attachment: Attachment } {
  const trap = new LocusTrap(region, locus, new Bell(region.words, region.locusWord(locus, 'bell')))
  const attachment = new Attachment(region, container, locus, strategy ?? trap)
  trap.uses = new AttachmentSet(attachment)
  attachment.attach()
  trap.comeBack()
  return {
    trap,
    attachment,
    window: new Window(attachment, 0, pages * region.plan.shape.pageBytes, table),
  }
}
