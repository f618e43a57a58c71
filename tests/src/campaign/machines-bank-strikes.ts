/** Blows that fall upon a bank over machines. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MachinesBank } from './machines-bank.js'

interface Blow {
  /** Where all machines are in one process, too. */
  readonly ofThreads: boolean
  readonly fall: (bank: MachinesBank, machine: number) => Promise<void> | void
}

const crash =
  (part: string): Blow['fall'] =>
  (bank, machine) => {
    bank.expectEnd(machine)
    bank.processOf(machine).tell({ do: 'crash', part, machine })
  }

/** Longer than silence lasts, now and then. */
const mostStoppedMs = 5_000

const blows = {
  machine: {
    ofThreads: true,
    fall: (bank, machine) => {
      bank.expectEnd(machine)
      bank.processOf(machine).tell({ do: 'kill', machine })
    },
  },
  kernel: { ofThreads: true, fall: crash('kernel') },
  disk: { ofThreads: true, fall: crash('disk') },
  manager: { ofThreads: true, fall: crash('manager') },
  network: { ofThreads: true, fall: crash('network') },
  clerk: {
    ofThreads: true,
    fall: (bank, machine) => {
      bank.processOf(machine).tell({ do: 'clerk', clerk: machine - 1 })
    },
  },
  SIGKILL: {
    ofThreads: false,
    fall: async (bank, machine) => {
      bank.expectEnd(machine)
      const process = bank.processOf(machine)
      process.signal('SIGKILL')
      await process.ended
      bank.start(machine)
    },
  },
  SIGSTOP: {
    ofThreads: false,
    fall: async (bank, machine) => {
      const process = bank.processOf(machine)
      process.signal('SIGSTOP')
      await sleep(bank.random.below(mostStoppedMs))
      process.signal('SIGCONT')
    },
  },
} as const satisfies Readonly<Record<string, Blow>>

export type Strike = keyof typeof blows
export const strikes: Readonly<Record<Strike, Blow>> = blows
