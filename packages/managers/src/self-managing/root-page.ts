/** The root page as a record, and as bytes. A page that does not read as ours is refused, never guessed at. */
import {
  asBlock,
  asInterval,
  asPosition,
  asToken,
  rootContainerWords,
  rootPageContainers,
  rootPageMagic,
  rootPageSelfMapPages,
  rootPageVersion,
  rootPageWords,
  selfMapPlaceWords,
  type LogPosition,
  type StateInterval,
  type Token,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PagePlace } from './place.js'

export interface RootContainer {
  /** 0: a map without a container, being taken apart. */
  readonly token: Token
  readonly mapRoot: number
  readonly height: number
  /** Own page of its history; 0: none. */
  readonly history: number
  readonly folded: StateInterval
  readonly size: number
}

export interface RootPage {
  readonly allocated: number
  readonly freePage: number
  readonly nextToken: number
  readonly replayFrom: LogPosition
  readonly interval: StateInterval
  readonly sharedPages: number
  readonly sharedBlocks: number
  readonly containers: readonly RootContainer[]
  readonly selfMap: readonly PagePlace[]
}

const tableAt = rootPageWords.bytes
const selfMapAt = tableAt + rootPageContainers * rootContainerWords.bytes

export function writeRootPage(root: RootPage, pageBytes: number): Uint8Array {
  invariant(
    root.containers.length <= rootPageContainers,
    'MG12: the root page names every container',
    {
      containers: root.containers.length,
    },
  )
  invariant(
    root.selfMap.length <= rootPageSelfMapPages,
    'MG12: the root page places the whole self map',
    {
      pages: root.selfMap.length,
    },
  )
  const bytes = new Uint8Array(pageBytes)
  const view = new DataView(bytes.buffer)
  const { at } = rootPageWords
  view.setUint32(at.magic * 4, rootPageMagic, true)
  view.setUint32(at.version * 4, rootPageVersion, true)
  view.setUint32(at.pageBytes * 4, pageBytes, true)
  view.setUint32(at.allocated * 4, root.allocated, true)
  view.setUint32(at.freePage * 4, root.freePage, true)
  view.setUint32(at.containers * 4, root.containers.length, true)
  view.setUint32(at.selfMapPages * 4, root.selfMap.length, true)
  view.setUint32(at.nextToken * 4, root.nextToken, true)
  view.setFloat64(at.replayFrom * 4, root.replayFrom, true)
  view.setFloat64(at.interval * 4, root.interval, true)
  view.setUint32(at.sharedPages * 4, root.sharedPages, true)
  view.setUint32(at.sharedBlocks * 4, root.sharedBlocks, true)
  root.containers.forEach((container, index) => writeContainer(view, index, container))
  root.selfMap.forEach((place, index) => {
    const from = selfMapAt + index * selfMapPlaceWords.bytes
    view.setUint32(from + selfMapPlaceWords.at.block * 4, place.block, true)
    view.setUint32(from + selfMapPlaceWords.at.checksum * 4, place.checksum, true)
  })
  return bytes
}

function writeContainer(view: DataView, index: number, container: RootContainer): void {
  const from = tableAt + index * rootContainerWords.bytes
  const { at } = rootContainerWords
  view.setUint32(from + at.token * 4, container.token, true)
  view.setUint32(from + at.mapRoot * 4, container.mapRoot, true)
  view.setUint32(from + at.height * 4, container.height, true)
  view.setUint32(from + at.history * 4, container.history, true)
  view.setFloat64(from + at.folded * 4, container.folded, true)
  view.setFloat64(from + at.size * 4, container.size, true)
}

/** The record; a sentence when the bytes are no root page of this version and page size. */
export function readRootPage(bytes: Uint8Array): RootPage | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { at } = rootPageWords
  const word = (index: number): number => view.getUint32(index * 4, true)
  if (word(at.magic) !== rootPageMagic)
    return 'the root page does not begin with the mark of a root page'
  if (word(at.version) !== rootPageVersion)
    return `the root page has version ${word(at.version)}, this manager reads ${rootPageVersion}`
  if (word(at.pageBytes) !== bytes.length)
    return `the root page is for pages of ${word(at.pageBytes)} bytes, this machine’s have ${bytes.length}`
  const place = (index: number): PagePlace => {
    const from = selfMapAt + index * selfMapPlaceWords.bytes
    return {
      block: asBlock(view.getUint32(from + selfMapPlaceWords.at.block * 4, true)),
      checksum: view.getUint32(from + selfMapPlaceWords.at.checksum * 4, true),
    }
  }
  return {
    allocated: word(at.allocated),
    freePage: word(at.freePage),
    nextToken: word(at.nextToken),
    replayFrom: asPosition(view.getFloat64(at.replayFrom * 4, true)),
    interval: asInterval(view.getFloat64(at.interval * 4, true)),
    sharedPages: word(at.sharedPages),
    sharedBlocks: word(at.sharedBlocks),
    containers: Array.from({ length: word(at.containers) }, (_, index) =>
      readContainer(view, index),
    ),
    selfMap: Array.from({ length: word(at.selfMapPages) }, (_, index) => place(index)),
  }
}

function readContainer(view: DataView, index: number): RootContainer {
  const from = tableAt + index * rootContainerWords.bytes
  const { at } = rootContainerWords
  return {
    token: asToken(view.getUint32(from + at.token * 4, true)),
    mapRoot: view.getUint32(from + at.mapRoot * 4, true),
    height: view.getUint32(from + at.height * 4, true),
    history: view.getUint32(from + at.history * 4, true),
    folded: asInterval(view.getFloat64(from + at.folded * 4, true)),
    size: view.getFloat64(from + at.size * 4, true),
  }
}
