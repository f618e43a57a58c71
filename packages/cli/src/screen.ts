/** Where the command writes. Without a terminal every line is whole and final; with one, progress is one line that changes. */
import { createInterface } from 'node:readline/promises'

export interface Screen {
  readonly isTerminal: boolean
  /** A line on standard output. */
  out(line: string): void
  /** A line on standard error. */
  err(line: string): void
  /** What is going on just now: replaced by the next line, and not shown at all without a terminal. */
  passing(line: string): void
  /** Asks a question that is answered with yes or no; nil: nobody is there to be asked. */
  confirm(question: string): Promise<boolean> | null
}

/** The screen of the process. */
export function processScreen(): Screen {
  const isTerminal = process.stderr.isTTY
  let shown = false
  // Who read us has read enough (`katydid snapshots … | head`): what is still said goes nowhere, and the work ends as it would have.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
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
    confirm: (question) => {
      if (!process.stdin.isTTY) return null
      clear()
      const reader = createInterface({ input: process.stdin, output: process.stderr })
      return reader
        .question(`${question} [y/N] `)
        .then((answer) => /^y(es)?$/i.test(answer.trim()))
        .finally(() => reader.close())
    },
    passing: (line) => {
      if (!isTerminal) return
      clear()
      process.stderr.write(line.slice(0, (process.stderr.columns || 80) - 1))
      shown = true
    },
  }
}
