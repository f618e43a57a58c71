/**
 * How a heap lies in its region: a header page, the descriptors of its pages, the pages.
 *
 * Blocks carry no bookkeeping of their own: allocating or freeing touches descriptors only, which lie together, and never
 * faults a cold page in. A page here is 4 KiB whatever the machine's page size; page numbers in lists are stored plus 1.
 */
import { layout } from '@katydid/abi'

export const heapPageBytes = 4096
export const heapMagic = 0x50414548
export const heapVersion = 1
export const heapRoots = 16
/** Lists of free spans: of exactly 1 to 32 pages, then by powers of two. */
export const spanBins = 64
export const maxClasses = 32

const locked = 'locus that holds the lock'

export const heapHeader = layout('HeapHeader', 640, 'The first bytes of a heap.', {
  lock: { words: 1, writer: 'any locus', doc: 'see mutex' },
  magic: { words: 1, writer: 'locus that makes it', doc: 'says that it is a heap; stored last' },
  version: { words: 1, writer: 'locus that makes it', doc: 'of this layout' },
  firstPage: { words: 1, writer: 'locus that makes it', doc: 'offset of page 0 from the header' },
  length: { words: 2, writer: 'locus that makes it', doc: 'float 64: bytes of the region' },
  pages: { words: 1, writer: 'locus that makes it', doc: 'pages there are' },
  top: { words: 1, writer: locked, doc: 'pages from here on belong to nobody' },
  high: { words: 1, writer: locked, doc: 'descriptors from here on were never written' },
  blocks: { words: 1, writer: locked, doc: 'live blocks' },
  bytesInUse: { words: 2, writer: locked, doc: 'float 64: bytes of live blocks, rounded up' },
  pagesInUse: { words: 1, writer: locked, doc: 'pages that hold live blocks' },
  rootLock: { words: 1, writer: 'any locus', doc: 'held by who makes a root' },
  reserved: { words: 12, writer: 'nobody', doc: '' },
  roots: {
    words: 16,
    writer: 'any locus',
    doc: 'offsets by which a program finds its things again',
  },
  binBits: { words: 2, writer: locked, doc: 'which bins have a span' },
  bins: { words: 64, writer: locked, doc: '1 + first page of the first free span; 0 none' },
  classes: { words: 32, writer: locked, doc: '1 + page of the first run with a free slot; 0 none' },
  reserved1: { words: 20, writer: 'nobody', doc: '' },
})

/** What a page is. `other`: inside a block or a free span, or beyond the top. */
export const pageKinds = { other: 0, freeHead: 1, freeTail: 2, run: 3, large: 4 } as const

export const pageDescriptor = layout('PageDescriptor', 64, 'One a page of a heap.', {
  kind: { words: 1, writer: locked, doc: 'other, free head, free tail, run or large' },
  next: { words: 1, writer: locked, doc: '1 + page, in the list of its bin or class' },
  previous: { words: 1, writer: locked, doc: '1 + page, in the same list' },
  count: { words: 1, writer: locked, doc: 'pages of the span or block' },
  free: { words: 1, writer: locked, doc: 'free slots of a run' },
  sizeClass: { words: 1, writer: locked, doc: 'class of a run' },
  reserved: { words: 2, writer: 'nobody', doc: '' },
  bits: { words: 8, writer: locked, doc: 'bit n: slot n of the run is free' },
})

/** Slot sizes of runs, each a multiple of 16; what is larger gets whole pages. */
export const classSizes: readonly number[] = [
  16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 672, 816, 1024,
  1360, 2048,
]

/** Index by (bytes + 15) >> 4. */
const classOf = new Uint8Array((classSizes.at(-1)! >> 4) + 1)
for (let units = 1, c = 0; units < classOf.length; units++) {
  if (units << 4 > classSizes[c]!) c++
  classOf[units] = c
}

/** The class of blocks of `bytes`, or -1 when they get whole pages. */
export function sizeClassOf(bytes: number): number {
  return bytes > classSizes.at(-1)! ? -1 : classOf[(bytes + 15) >> 4]!
}

/** How many slots of class `sizeClass` a page has. */
export function slotsOf(sizeClass: number): number {
  return Math.floor(heapPageBytes / classSizes[sizeClass]!)
}

/** How many bytes a block of `bytes` bytes occupies. */
export function blockBytesFor(bytes: number): number {
  const sizeClass = sizeClassOf(bytes)
  return sizeClass < 0 ? Math.ceil(bytes / heapPageBytes) * heapPageBytes : classSizes[sizeClass]!
}
