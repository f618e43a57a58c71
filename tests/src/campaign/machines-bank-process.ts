/** A process of the bank over machines (`tests/fixtures/machines-bank-child.mjs`): what it was told to do, and what it told. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { root } from '../support/house.js'
import type { Audit } from './bank-books.js'

export interface Standing {
  readonly clerk: number
  readonly entered: number
  readonly stands: boolean
  readonly done: number
  readonly calls: number
}

interface OnMachine {
  readonly machine: number
}

/** One line of what a process tells. */
export interface Told {
  readonly opened?: readonly { readonly machine: number }[]
  readonly made?: true
  readonly closed?: true
  readonly standing?: readonly Standing[]
  /** How often the auditor has begun in this process. */
  readonly auditor?: number
  readonly audit?: number
  readonly books?: Audit['books']
  readonly ledgers?: Audit['ledgers']
  readonly acked?: number
  readonly done?: readonly { readonly clerk: number; readonly done: number }[]
  readonly refused?: string
  readonly detail?: string
  readonly restarted?: number
  readonly complaint?: string
  readonly rollback?: OnMachine & {
    readonly reason: string
    readonly moved: readonly { readonly from: number; readonly to: number }[]
  }
  readonly failed?: OnMachine & { readonly status: string; readonly detail: string }
  readonly line_lagging?: OnMachine & { readonly isOver: boolean }
  readonly ended?: OnMachine & {
    readonly name: string
    readonly status: string
    readonly detail: string
  }
}

export interface ProcessJob {
  readonly machines: number
  readonly tellers: number
  readonly seed: number
  readonly make?: boolean
  /** Left out: all machines. */
  readonly take?: readonly number[]
  readonly options: object
}

export class BankProcess {
  /** Its exit code; null: it was killed. */
  readonly ended: Promise<number | null>
  /** The newest word of its clerks; none before it is open. */
  standing: readonly Standing[] = []
  auditors = 0
  isOpen = false
  complaint = ''
  readonly #child: ChildProcess

  constructor(dir: string, job: ProcessJob, hear: (told: Told) => void) {
    const child = spawn(process.execPath, [
      `${root}/tests/fixtures/machines-bank-child.mjs`,
      dir,
      JSON.stringify(job),
    ])
    this.#child = child
    this.ended = closed(child)
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaint += text))
    // One that is killed while it is told something.
    child.stdin.on('error', () => undefined)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const told = JSON.parse(line) as Told
      if (told.opened !== undefined) this.isOpen = true
      if (told.standing !== undefined) {
        this.standing = told.standing
        this.auditors = told.auditor ?? 0
      }
      hear(told)
    })
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  tell(what: { readonly do: string; readonly [more: string]: unknown }): void {
    this.#child.stdin!.write(`${JSON.stringify(what)}\n`)
  }

  /** Has it close its world, in good order. */
  close(): void {
    this.#child.stdin!.end()
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }
}

async function closed(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null]
  return code
}
