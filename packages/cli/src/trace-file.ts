/** A trace written where somebody asked for it. */
import fs from 'node:fs'
import { KatydidError } from 'katydid'

/** Writes `trace` as JSON. Refuses with `io_error`. */
export function writeTrace(file: string, trace: unknown): void {
  try {
    fs.writeFileSync(file, JSON.stringify(trace))
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new KatydidError('io_error', `The trace ${file} cannot be written: ${words}.`)
  }
}
