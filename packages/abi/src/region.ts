/**
 * One machine's region: where everything lies in its shared memory, derived from the machine's shape.
 *
 * headers and tables | counters | mailboxes | slab directories and page-table slices | frames
 */
import { actorWords } from './layouts/actor.js'
import { containerWords } from './layouts/container.js'
import { locusWords } from './layouts/locus.js'
import { counterNames, mailboxWords } from './layouts/mailbox.js'
import { machineWords } from './layouts/machine.js'
import { traceEvents, traceEventWords, traceRingWords } from './layouts/trace-ring.js'
import {
  capabilitySlots,
  capabilityWords,
  dependencyWords,
  frameWords,
  pageSetWords,
} from './layouts/tables.js'
import { channels, maxActors, maxLociLimit, type Channel } from './ports.js'

export interface MachineShape {
  /** 4096, 16384 or 65536. */
  readonly pageBytes: number
  readonly frames: number
  readonly maxLoci: number
  readonly maxContainers: number
  readonly maxPageSets: number
  /** Bytes for slab directories and page-table slices (4 bytes a page of every window's slab). */
  readonly tableBytes: number
  /** Whether there are mailboxes to the network driver: only on a machine of several. */
  readonly network?: boolean
  /** Whether kernel, console driver and network driver share a thread, and the kernel's bell. Nothing lies elsewhere for it. */
  readonly together?: boolean
}

export const defaultShape: MachineShape = {
  pageBytes: 4096,
  frames: 1024,
  maxLoci: 16,
  maxContainers: 32,
  maxPageSets: 16,
  tableBytes: 16 * 1024 * 1024,
}

export interface MailboxPlace extends Channel {
  /** Byte address of its `MailboxWords`; the ring's bytes follow. */
  readonly at: number
}

/** Byte addresses in the region. */
export interface RegionPlan {
  readonly shape: MachineShape
  readonly machine: number
  readonly actors: number
  readonly loci: number
  readonly containers: number
  readonly pageSets: number
  readonly frames: number
  /** Capability tables: of container slots first, then of locus slots, then the host's, then of actor slots. */
  readonly capabilities: number
  readonly dependencies: number
  /** Counters: of actor slots, then of locus slots. */
  readonly counters: number
  /** Trace rings: of actor slots, then of locus slots. */
  readonly traces: number
  readonly mailboxes: readonly MailboxPlace[]
  readonly tables: number
  /** The first frame's byte address, a multiple of the page size. */
  readonly firstFrame: number
  readonly bytes: number
}

/** Bytes of one trace ring. */
export const traceRingBytes = traceRingWords.bytes + traceEvents * traceEventWords.bytes

const maxRegionBytes = 2 ** 31

/** Which capability table belongs to whom: the index of a table. */
export const capabilityTables = {
  ofContainer: (_shape: MachineShape, slot: number): number => slot,
  ofLocus: (shape: MachineShape, slot: number): number => shape.maxContainers + slot,
  ofHost: (shape: MachineShape): number => shape.maxContainers + shape.maxLoci,
  ofActor: (shape: MachineShape, port: number): number =>
    shape.maxContainers + shape.maxLoci + 1 + port,
  count: (shape: MachineShape): number => shape.maxContainers + shape.maxLoci + 1 + maxActors,
}

const up = (n: number, to: number): number => Math.ceil(n / to) * to

/** What is wrong with a shape, as a sentence; null when it is fine. */
export function shapeProblem(shape: MachineShape): string | null {
  if (![4096, 16384, 65536].includes(shape.pageBytes))
    return `page size ${shape.pageBytes} is not 4096, 16384 or 65536`
  if (!Number.isInteger(shape.frames) || shape.frames < 1)
    return `frames must be a whole number of at least 1, not ${shape.frames}`
  if (!Number.isInteger(shape.maxLoci) || shape.maxLoci < 1 || shape.maxLoci > maxLociLimit)
    return `loci must be 1 to ${maxLociLimit}, not ${shape.maxLoci}`
  if (regionPlan(shape).bytes > maxRegionBytes)
    return `${shape.frames} frames of ${shape.pageBytes} bytes do not fit the machine’s region of 2 GiB`
  return null
}

/** Where everything lies. The same shape gives the same plan on every thread. */
export function regionPlan(shape: MachineShape): RegionPlan {
  let next = 0
  const take = (bytes: number, align = 64): number => {
    const at = up(next, align)
    next = at + bytes
    return at
  }
  const machine = take(machineWords.bytes)
  const actors = take(actorWords.bytes * maxActors)
  const loci = take(locusWords.bytes * shape.maxLoci)
  const containers = take(containerWords.bytes * shape.maxContainers)
  const pageSets = take(pageSetWords.bytes * shape.maxPageSets)
  const frames = take(frameWords.bytes * shape.frames)
  const capabilities = take(capabilityWords.bytes * capabilitySlots * capabilityTables.count(shape))
  const dependencies = take(dependencyWords.bytes * shape.maxContainers * shape.maxContainers)
  const counters = take(8 * counterNames.length * (maxActors + shape.maxLoci))
  const traces = take(traceRingBytes * (maxActors + shape.maxLoci))
  const mailboxes = channels(shape.maxLoci, shape.network ?? false).map((channel) => ({
    ...channel,
    at: take(mailboxWords.bytes + channel.bytes),
  }))
  const tables = take(shape.tableBytes, shape.pageBytes)
  const firstFrame = take(shape.frames * shape.pageBytes, shape.pageBytes)
  return {
    shape,
    machine,
    actors,
    loci,
    containers,
    pageSets,
    frames,
    capabilities,
    dependencies,
    counters,
    traces,
    mailboxes,
    tables,
    firstFrame,
    bytes: up(next, 65536),
  }
}
