/**
 * The world's process as its parent holds it: started, listened to, killed, or stopped in good order.
 *
 * It promises to end the process it started, whatever happens: the child ends itself when the channel closes, so a
 * parent that is killed leaves nothing running.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromWorld, ToWorld, WorldJob } from './messages.js'

const entry = fileURLToPath(new URL('./world-process.js', import.meta.url))
const stopWithinMs = 10_000
const keptOutput = 4000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it wrote to standard error. */
  readonly output: string
}

type Of<K extends FromWorld['kind']> = Extract<FromWorld, { readonly kind: K }>

export class WorldChild {
  readonly startedMs = performance.now()
  readonly #process: ChildProcess
  readonly #seen = new Map<FromWorld['kind'], FromWorld>()
  readonly #ended: Promise<Ended>
  #isOver = false
  #wake: () => void = () => undefined

  constructor(job: WorldJob) {
    this.#process = fork(entry, [JSON.stringify(job)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    })
    let output = ''
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput)
    })
    this.#process.on('message', (message) => {
      const said = message as FromWorld
      this.#seen.set(said.kind, said)
      this.#wake()
    })
    this.#ended = new Promise((resolve) => {
      const over = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#isOver = true
        resolve({ code, signal, output: output.trim() })
        this.#wake()
      }
      this.#process.on('error', (error) => {
        output += error.message
        over(127, null)
      })
      this.#process.on('close', over)
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The end of the process. */
  ended(): Promise<Ended> {
    return this.#ended
  }

  /** The latest message of the kind, or null. */
  said<K extends FromWorld['kind']>(kind: K): Of<K> | null {
    return (this.#seen.get(kind) ?? null) as Of<K> | null
  }

  /** Settles at the next message, at the end of the process, or after `ms`. */
  async news(ms: number): Promise<void> {
    if (this.#isOver) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  tell(message: ToWorld): void {
    // A child that is gone says so by its end; a failed send tells nothing new.
    if (this.#process.connected) this.#process.send(message, () => undefined)
  }

  /** SIGKILL, and the end awaited. */
  async kill(): Promise<Ended> {
    this.#process.kill('SIGKILL')
    return this.#ended
  }

  /** Asks it to close its world; kills it when that takes longer than 10 s. */
  async stop(): Promise<Ended> {
    this.tell({ kind: 'stop' })
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), stopWithinMs)
    const ended = await this.#ended
    clearTimeout(timer)
    return ended
  }
}
