/** Processes of a world of several machines: each has some of them, and is killed, stopped and started again. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'
import type { MachineView, OpenOptions } from 'katydid'
import { note, type Told, type Work } from './several.js'
import { until } from './until.js'
import { fixture } from './worlds.js'

interface Said {
  readonly opened?: readonly MachineView[]
  readonly seen?: readonly string[]
  readonly machine?: number
  readonly sequence?: number
  readonly text?: string
  readonly result?: unknown
  readonly amiss?: unknown
  readonly closed?: true
  readonly error?: { readonly status: string; readonly sentence: string }
}

export class WorldProcess {
  readonly child: ChildProcess
  readonly said: Said[] = []
  readonly ended: Promise<unknown>
  #rest = ''
  #errors = ''

  /** Starts one; it is killed when the test has ended. What was told of its locus is noted in `told`. */
  constructor(
    t: ExecutionContext,
    dir: string,
    options: Partial<OpenOptions> & { readonly take: readonly number[] },
    args: Work,
    told: Map<number, Told> = new Map<number, Told>(),
  ) {
    this.child = spawn(process.execPath, [
      fixture('several-child'),
      dir,
      JSON.stringify({ options, args }),
    ])
    t.teardown(() => this.child.kill('SIGKILL'))
    this.ended = once(this.child, 'close')
    this.child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    this.child.stdout!.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString()).split('\n')
      this.#rest = lines.pop()!
      for (const line of lines) {
        const said = JSON.parse(line) as Said
        this.said.push(said)
        const { machine, sequence, text } = said
        if (machine !== undefined && sequence !== undefined && text !== undefined)
          note(told, { machine, sequence, text })
      }
    })
  }

  /** What it said last of that kind. */
  last<K extends keyof Said>(kind: K): Said[K] | undefined {
    return this.said.findLast((each) => each[kind] !== undefined)?.[kind]
  }

  /** Waits until it has said something of the kind; throws what it said on its end instead. */
  async says<K extends keyof Said>(kind: K): Promise<NonNullable<Said[K]>> {
    await until(`the process says ${kind}`, () => {
      if (this.last(kind) !== undefined) return true
      if (this.child.exitCode === null && this.child.signalCode === null) return false
      throw new Error(`it ended: ${JSON.stringify(this.last('error'))} ${this.#errors}`)
    })
    return this.last(kind)!
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }

  /** Has it close its world. */
  async close(): Promise<void> {
    this.child.stdin!.write('close\n')
    await this.says('closed')
    await this.ended
  }
}
