/**
 * What an audit of the bank read, judged. All money is 0; each till's ledger and each teller's book say the same of one another; nothing
 * that was acknowledged as recoverable is missing. Knows nothing of worlds.
 */

/** Money, and number of entries. */
type Entry = readonly [number, number]

export interface Book {
  readonly money: number
  /** Of a till: transfers done. */
  readonly done: number
  /** Of a teller by clerk, of a till by teller. */
  readonly book: readonly Entry[]
}

export interface Audit {
  readonly books: readonly Book[]
  /** Of the clerks, and last of the visitors. */
  readonly ledgers: readonly Book[]
}

/** What the host was told cannot be lost. */
export interface Promised {
  /** Transfers of each clerk before a snapshot that was answered as durable. */
  readonly done: readonly number[]
  /** Visitors whose ends were reported. */
  readonly visitors: number
}

/** What is wrong, as sentences; none when nothing is. */
export function judgeBooks({ books, ledgers }: Audit, promised: Promised): string[] {
  const wrong: string[] = []
  const total = [...books, ...ledgers].reduce((sum, { money }) => sum + money, 0)
  if (total !== 0) wrong.push(`all money is ${total}, not 0`)
  for (const [teller, { money, book }] of books.entries()) {
    const noted = book.reduce((sum, [amount]) => sum + amount, 0)
    if (noted !== money) wrong.push(`teller ${teller} has ${money}, and its book says ${noted}`)
    for (const [clerk, [amount, entries]] of book.entries()) {
      const [meant, times] = ledgers[clerk]?.book[teller] ?? [0, 0]
      if (amount === meant && entries === times) continue
      wrong.push(
        `teller ${teller} has ${amount} in ${entries} entries of clerk ${clerk}, whose ledger says ${meant} in ${times}`,
      )
    }
  }
  for (const [clerk, least] of promised.done.entries()) {
    const done = ledgers[clerk]?.done ?? 0
    if (done < least) wrong.push(`clerk ${clerk} has done ${done}, and ${least} were recoverable`)
  }
  const visits = ledgers.at(-1)?.done ?? 0
  if (visits < promised.visitors)
    wrong.push(
      `${visits} visitors are in the books, and the ends of ${promised.visitors} were recoverable`,
    )
  return wrong
}
