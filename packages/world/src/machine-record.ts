/**
 * `machine-N.json`, of each machine of a world of several: how often it was started, and whether there is a disk in its file. Written durably
 * before the machine is started, so that no two of its lives have one number. Who writes it has the machine's lock.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { MachineId } from '@katydid/abi'
import { writeDurably } from './durable-file.js'
import { KatydidError, systemWords } from './error.js'

export interface MachineRecord {
  /** 0: it was never started. */
  readonly incarnation: number
  /** False: its file may be blank. True: a blank one is damage. */
  readonly isMade: boolean
}

const nameOf = (machine: MachineId): string => `machine-${machine}.json`

/** Rejects with `damaged` when it is not there or is none: without it nobody knows whose life comes next. */
export function readMachineRecord(folder: string, machine: MachineId): MachineRecord {
  const file = path.join(folder, nameOf(machine))
  try {
    const { incarnation, isMade } = JSON.parse(
      fs.readFileSync(file, 'utf8'),
    ) as Partial<MachineRecord>
    if (Number.isSafeInteger(incarnation) && incarnation! >= 0 && typeof isMade === 'boolean')
      return { incarnation: incarnation!, isMade }
  } catch {
    // said below
  }
  throw new KatydidError(
    'damaged',
    `${file}, which counts the starts of machine ${machine}, is missing or damaged. Bring it back from a copy, with a higher number than the machine ever had.`,
  )
}

/** Throws `io_error` when the system does not take it. */
export function writeMachineRecord(
  folder: string,
  machine: MachineId,
  { incarnation, isMade }: MachineRecord,
): void {
  const file = path.join(folder, nameOf(machine))
  try {
    writeDurably(file, `${JSON.stringify({ incarnation, isMade })}\n`)
  } catch (error) {
    throw new KatydidError('io_error', `${file} cannot be written: ${systemWords(error)}.`)
  }
}
