/**
 * The root page of a self-managing, snapshotting manager: all it needs to find its own pages, and by them everything else.
 * Header, then the table of containers, then the places of the self map's pages. The kernel keeps the page, whole.
 */
import { layout } from '../layout.js'

export const rootPageMagic = 0x4b445250
export const rootPageVersion = 1
/** Entries of the table of containers in a root page. */
export const rootPageContainers = 96
/** Pages of the self map at the most, each the place of one own page per 8 bytes. */
export const rootPageSelfMapPages = 96

export const rootPageWords = layout(
  'RootPageWords',
  128,
  'The head of a root page; RootContainerWords, then SelfMapPlaceWords follow.',
  {
    magic: { words: 1, writer: 'manager', doc: 'root page' },
    version: { words: 1, writer: 'manager', doc: 'version of this layout' },
    pageBytes: { words: 1, writer: 'manager', doc: 'page size it was made for' },
    allocated: {
      words: 1,
      writer: 'manager',
      doc: 'own pages below this number are in use or free',
    },
    freePage: {
      words: 1,
      writer: 'manager',
      doc: 'first own page of the free list, each of which begins with the next; 0 none',
    },
    containers: { words: 1, writer: 'manager', doc: 'entries of the table of containers' },
    selfMapPages: { words: 1, writer: 'manager', doc: 'places of self map pages' },
    nextToken: { words: 1, writer: 'manager', doc: 'the next token it gives' },
    replayFrom: {
      words: 2,
      writer: 'manager',
      doc: 'float 64: log position from which versions are rebuilt',
    },
    interval: {
      words: 2,
      writer: 'manager',
      doc: 'float 64: the state interval of its own container that this page ends',
    },
    sharedPages: {
      words: 1,
      writer: 'manager',
      doc: 'own pages of maps counted as often as somebody besides the first names them',
    },
    sharedBlocks: {
      words: 1,
      writer: 'manager',
      doc: 'blocks counted as often as a map besides the first names them',
    },
    reserved: { words: 18, writer: 'nobody', doc: 'to 128 bytes' },
  },
)

export const rootContainerWords = layout(
  'RootContainerWords',
  32,
  'One a container that the manager manages.',
  {
    token: {
      words: 1,
      writer: 'manager',
      doc: 'its token; 0: a map without a container, being taken apart',
    },
    mapRoot: { words: 1, writer: 'manager', doc: 'own page at the top of its map; 0 none' },
    height: { words: 1, writer: 'manager', doc: 'levels of its map; 0 empty' },
    history: {
      words: 1,
      writer: 'manager',
      doc: 'own page that names its retained snapshots; 0 none',
    },
    folded: { words: 2, writer: 'manager', doc: 'float 64: the interval its map shows' },
    size: { words: 2, writer: 'manager', doc: 'float 64: its size in bytes' },
  },
)

/** Retained snapshots that one own page names: as many as the smallest page has room for. */
export const historySlots = 127

export const historyWords = layout(
  'HistoryWords',
  32,
  'The head of the own page that names a container’s retained snapshots; RetainedWords follow.',
  {
    retain: {
      words: 1,
      writer: 'manager',
      doc: '1 + how many snapshots are retained; 0: as many as the world says',
    },
    began: {
      words: 1,
      writer: 'manager',
      doc: 'as another’s snapshot, whose blocks its map names: 1 for writing, 2 for reading only; 0 as no such thing',
    },
    taken: {
      words: 2,
      writer: 'manager',
      doc: 'float 64: when the snapshot was taken that the container’s map shows, in ms since 1970; 0 unknown',
    },
    reserved: { words: 4, writer: 'nobody', doc: 'to 32 bytes' },
  },
)

/** free: names nothing. retained: is offered. leaving: is being taken apart. kept: is offered, and belongs to a kept line. */
export const retainedStates = { free: 0, retained: 1, leaving: 2, kept: 3 } as const

export const retainedWords = layout('RetainedWords', 32, 'One a retained snapshot.', {
  mapRoot: { words: 1, writer: 'manager', doc: 'own page at the top of its map; 0 none' },
  height: { words: 1, writer: 'manager', doc: 'levels of its map; 0 empty' },
  state: { words: 1, writer: 'manager', doc: 'free, retained or leaving' },
  reserved: { words: 1, writer: 'nobody', doc: 'to an even word' },
  interval: { words: 2, writer: 'manager', doc: 'float 64: its name' },
  taken: {
    words: 2,
    writer: 'manager',
    doc: 'float 64: when it was taken, in ms since 1970; 0 unknown',
  },
})

export const selfMapPlaceWords = layout('SelfMapPlaceWords', 8, 'One a page of the self map.', {
  block: { words: 1, writer: 'manager', doc: 'its disk block; 0 never written' },
  checksum: { words: 1, writer: 'manager', doc: 'CRC-32 of its content' },
})
