/** The lives of a machine of several: each with the next number on record before it begins, and joined with the others by ports or sockets. */
import type { MachineId } from '@katydid/abi'
import type { NextLife } from './hosted-machine.js'
import { readMachineRecord, writeMachineRecord } from './machine-record.js'
import { createDisk, type Manifest } from './manifest.js'
import type { Switchboard } from './switchboard.js'

export interface Joining {
  readonly dir: string
  readonly manifest: Manifest
  /** Of sockets, when other processes have machines of the world. */
  readonly folder: string | null
  readonly switchboard: Switchboard
}

/** Records of a new world's machines, written before its manifest: a machine without one is damaged. */
export function createRecords(dir: string, { machines }: Manifest): void {
  for (const { machine } of machines)
    writeMachineRecord(dir, machine, { incarnation: 0, isMade: false })
}

/** Writes down that the next life begins, and what it takes to join the others. */
export function nextOfSeveral(
  { dir, manifest, folder, switchboard }: Joining,
  machine: MachineId,
): Required<Pick<NextLife, 'network' | 'onReady'>> & { readonly format: boolean } {
  const { incarnation: last, isMade } = readMachineRecord(dir, machine)
  const incarnation = last + 1
  writeMachineRecord(dir, machine, { incarnation, isMade })
  const { disk } = manifest.machines.find((each) => each.machine === machine)!
  // What a start that was killed has left in it is of no world.
  if (!isMade) createDisk(dir, disk)
  return {
    format: !isMade,
    network: {
      incarnation,
      others: manifest.machines.map((each) => each.machine).filter((each) => each !== machine),
      onStart: (driver) => switchboard.join(machine, driver),
      ...(folder === null ? {} : { folder }),
    },
    onReady: () => {
      if (!isMade) writeMachineRecord(dir, machine, { incarnation, isMade: true })
    },
  }
}
