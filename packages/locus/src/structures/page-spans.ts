/**
 * Whole pages of a heap: runs of free pages are kept as spans, joined with their free neighbours as soon as they are
 * freed, and given back to the top when they end there. So free space never stays cut where nothing lies between.
 *
 * `free head` and `free tail` stand exactly at the ends of free spans, `run` and `large` exactly at the starts of live
 * blocks: what a descriptor says is always so, whatever the page was before.
 */
import { pageKinds } from './heap-layout.js'
import type { HeapWords } from './heap-words.js'

/** Spans of a mixed bin that are looked at before the next larger bin is taken. */
const looks = 16

function binOf(pages: number): number {
  return pages <= 32 ? pages - 1 : 27 + (31 - Math.clz32(pages))
}

/** Takes `pages` pages in a row and answers the first, or -1 when there is no such run. Changes nothing then. */
export function takeSpan(words: HeapWords, pages: number): number {
  let page = findSpan(words, pages)
  if (page < 0) page = extendTop(words, pages)
  if (page < 0) return -1
  words.set('pagesInUse', words.get('pagesInUse') + pages)
  return page
}

/** Gives pages back. The caller has checked that they are a live block. */
export function giveSpan(words: HeapWords, page: number, pages: number): void {
  words.set('pagesInUse', words.get('pagesInUse') - pages)
  words.setPage(page, 'kind', pageKinds.other)
  let first = page
  let count = pages
  const before = page > 0 ? words.page(page - 1, 'kind') : pageKinds.other
  if (before === pageKinds.freeHead || before === pageKinds.freeTail) {
    const length = words.page(page - 1, 'count')
    first = page - length
    count += length
    dissolve(words, first, length)
  }
  const after = page + pages
  if (after < words.get('top') && words.page(after, 'kind') === pageKinds.freeHead) {
    const length = words.page(after, 'count')
    count += length
    dissolve(words, after, length)
  }
  if (first + count === words.get('top')) words.set('top', first)
  else settle(words, first, count)
}

function findSpan(words: HeapWords, pages: number): number {
  const own = binOf(pages)
  let page = searchBin(words, own, pages, looks)
  if (page < 0) {
    const bin = words.binFrom(own + 1)
    if (bin >= 0) page = words.get('bins', bin) - 1
    // Only when nothing else is left: the whole mixed bin.
    else if (words.get('top') + pages > words.get('pages'))
      page = searchBin(words, own, pages, Infinity)
  }
  if (page < 0) return -1
  const length = words.page(page, 'count')
  dissolve(words, page, length)
  if (length > pages) settle(words, page + pages, length - pages)
  return page
}

function searchBin(words: HeapWords, bin: number, pages: number, most: number): number {
  let link = words.get('bins', bin)
  for (let i = 0; link !== 0 && i < most; i++) {
    if (words.page(link - 1, 'count') >= pages) return link - 1
    link = words.page(link - 1, 'next')
  }
  return -1
}

function extendTop(words: HeapWords, pages: number): number {
  const top = words.get('top')
  if (pages > words.get('pages') - top) return -1
  const high = words.get('high')
  for (let page = high; page < top + pages; page++) words.setPage(page, 'kind', pageKinds.other)
  if (top + pages > high) words.set('high', top + pages)
  words.set('top', top + pages)
  return top
}

/** Makes [page, page + count) a free span. */
function settle(words: HeapWords, page: number, count: number): void {
  words.setPage(page + count - 1, 'kind', pageKinds.freeTail)
  words.setPage(page + count - 1, 'count', count)
  words.setPage(page, 'kind', pageKinds.freeHead)
  words.setPage(page, 'count', count)
  words.push('bins', binOf(count), page)
}

/** Takes the span out of its list and its marks away. */
function dissolve(words: HeapWords, page: number, count: number): void {
  words.unlink('bins', binOf(count), page)
  words.setPage(page, 'kind', pageKinds.other)
  words.setPage(page + count - 1, 'kind', pageKinds.other)
}
