/**
 * What couriers leave behind: in each container three lists for each courier, of trips it set out on from there, of its arrivals
 * there, and of trips it came back from to there. A trip is a number that is never given twice, in any life of the world.
 *
 * The judge is told what containers hold, as lists of such numbers, and nothing of intervals, epochs or dependencies.
 */

export const lists = ['sent', 'received', 'returned'] as const
export type ListName = (typeof lists)[number]

const pageBytes = 4096
const wordBytes = 4
/** Number of entries, then the entries. */
const mostEntries = pageBytes / wordBytes - 2

export const pagesOfCourier = lists.length

/** Byte offset of the count of a courier's list; entries follow it, and the last word of the page is free. */
export const countAt = (courier: number, list: ListName): number =>
  (courier * pagesOfCourier + lists.indexOf(list)) * pageBytes

export function entryAt(courier: number, list: ListName, index: number): number {
  if (index >= mostEntries)
    throw new Error(`courier ${courier} makes more trips than a page has room for`)
  return countAt(courier, list) + wordBytes * (1 + index)
}

/** Where a courier counts the trips that began at its root, besides the register in which it does. */
export const tripsAt = (courier: number): number => countAt(courier, 'sent') + pageBytes - wordBytes

/** What a container holds of all couriers. */
export type Papers = Readonly<Record<ListName, readonly number[]>>

/** The lists in a container, of which `word` reads a word by its offset. */
export function papersIn(word: (offset: number) => number, couriers: number): Papers {
  const read = (list: ListName): number[] =>
    Array.from({ length: couriers }, (_, courier) => {
      const count = word(countAt(courier, list))
      return Array.from({ length: count }, (__, index) => word(entryAt(courier, list, index)))
    }).flat()
  return { sent: read('sent'), received: read('received'), returned: read('returned') }
}

/**
 * What is wrong with containers that are said to go together. `atRest`: nobody is on the way, so that each trip is there whole, or not at
 * all; else somebody may have set out and not arrived.
 */
export function faultsIn(containers: readonly Papers[], atRest: boolean): string[] {
  const all = (list: ListName): number[] => containers.flatMap((each) => [...each[list]])
  const faults: string[] = []
  for (const list of lists) {
    const trips = all(list)
    const twice = trips.filter((trip, at) => trips.indexOf(trip) !== at)
    if (twice.length > 0) faults.push(`twice ${list}: ${twice.join(' ')}`)
  }
  const missing = (here: ListName, there: ListName): void => {
    const known = new Set(all(there))
    const without = all(here).filter((trip) => !known.has(trip))
    if (without.length > 0) faults.push(`${here} and never ${there}: ${without.join(' ')}`)
  }
  missing('received', 'sent')
  missing('returned', 'received')
  if (atRest) missing('sent', 'returned')
  return faults
}
