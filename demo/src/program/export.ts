/** Writes the map out of its container: one line a word, `word TAB count TAB files`, in no particular order. */
import fs from 'node:fs'
import type { Locus, SharedMap } from '@katydid/locus'
import type { ExportResult } from './tasks.js'

const pageBytes = 4096
const linesAWrite = 4096

export function exportTo(locus: Locus, map: SharedMap, file: string): ExportResult {
  locus.outside(() => fs.writeFileSync(file, ''))
  let lines: string[] = []
  let words = 0
  const flush = (): void => {
    const text = lines.join('')
    lines = []
    locus.outside(() => fs.appendFileSync(file, text))
  }
  for (const [key, value] of map.entries()) {
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
    const count = view.getUint32(0, true)
    const files = view.getUint32(4, true)
    lines.push(`${Buffer.from(key).toString('utf8')}\t${count}\t${files}\n`)
    words++
    if (lines.length === linesAWrite) flush()
  }
  flush()
  return { words, pages: map.heap.stats().pageBytesInUse / pageBytes }
}
