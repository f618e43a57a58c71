/** Where the command writes. Without a terminal every line is whole and final; with one, progress is one line that changes. */
export interface Screen {
  readonly isTerminal: boolean
  /** A line on standard output. */
  out(line: string): void
  /** A line on standard error. */
  err(line: string): void
  /** What is going on just now: replaced by the next line, and not shown at all without a terminal. */
  passing(line: string): void
}

/** The screen of the process. */
export function processScreen(): Screen {
  const isTerminal = process.stderr.isTTY
  let shown = false
  const clear = (): void => {
    if (shown) process.stderr.write('\r\x1b[K')
    shown = false
  }
  return {
    isTerminal,
    out: (line) => {
      clear()
      process.stdout.write(`${line}\n`)
    },
    err: (line) => {
      clear()
      process.stderr.write(`${line}\n`)
    },
    passing: (line) => {
      if (!isTerminal) return
      clear()
      process.stderr.write(line.slice(0, (process.stderr.columns || 80) - 1))
      shown = true
    },
  }
}
