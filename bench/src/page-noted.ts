/** What tracking costs for pages reached by a mapping: the first access to each after a capture, and the look at its stamp before the locus rests. */
import { asContainer, asLocus } from '@katydid/abi'
import type { Contender } from './bench.js'
import { benchMachine, joinAcross, openWhole } from './machine.js'

const pages = 1024
const pageBytes = 4096
const host = asContainer(1)

/** Microseconds a page: loads or stores that are the first since a capture of the host, and those that come after. */
export function notedPages(access: 'load' | 'store'): { first: Contender; again: Contender } {
  const machine = benchMachine(pages, pageBytes)
  const { region, table, frames, lcd } = machine
  const attachment = joinAcross(region, asLocus(0), {
    resolve: ({ offset }) => {
      const page = Math.floor(offset / pageBytes)
      lcd.install([{ offset: page * pageBytes, frame: frames[page]!, access: 'write' }])
    },
  })
  const window = openWhole(attachment, table, pages)
  const touch = (): void => {
    for (let page = 0; page < pages; page++)
      if (access === 'load') window.getInt32(page * pageBytes)
      else window.setInt32(page * pageBytes, page)
  }
  const timed = (before: () => void): Contender => ({
    pass: () => {
      before()
      const from = performance.now()
      touch()
      return [((performance.now() - from) * 1000) / pages]
    },
  })
  touch()
  const capture = (): void => {
    region.words.add(region.containerWord(host, 'epoch'), 1)
    attachment.renew()
  }
  return { first: timed(capture), again: timed(() => {}) }
}
