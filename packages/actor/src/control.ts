/**
 * The host's side of a control port. Every call rings the actor's bell with *control*, so that a parked actor looks; once
 * the actor has exited, calls in flight and all later ones reject with `actor_gone`. Comlink alone would leave them pending.
 */
import { statusTable, type Status } from '@katydid/abi'
import { MessagePort } from 'node:worker_threads'
import { nodeEndpoint, transfer, wrap } from './comlink.js'
import type { ControlOutcome, ControlRoot } from './control-port.js'

/** A control API as its caller sees it: every function answers a promise. */
export type Remote<Api> = {
  readonly [K in keyof Api]: Api[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** A control call that failed: its status where it has one, and its sentence. */
export class ControlError extends Error {
  readonly status: Status | null

  constructor(status: Status | null, name: string, sentence: string) {
    super(sentence)
    this.name = name
    this.status = status
  }
}

export class ControlLink<Api> {
  readonly remote: Remote<Api>
  readonly #port: MessagePort
  readonly #ring: () => void
  readonly #root: (name: string, args: readonly unknown[]) => Promise<ControlOutcome>
  readonly #inFlight = new Set<(why: ControlError) => void>()
  #gone: string | null = null

  /** `ring` rings the actor's bell with control. */
  constructor(port: MessagePort, ring: () => void) {
    this.#port = port
    this.#ring = ring
    const root = wrap<ControlRoot>(nodeEndpoint(port))
    this.#root = (name, args) => {
      const ports = args.filter((arg) => arg instanceof MessagePort)
      return root.invoke(name, ports.length === 0 ? args : transfer(args, ports))
    }
    this.remote = new Proxy({} as Remote<Api>, {
      // A thenable would be called by await: the link itself is not one.
      get: (_, name) =>
        typeof name === 'symbol' || name === 'then'
          ? undefined
          : (...args: readonly unknown[]) => this.#call(name, args),
    })
    port.unref()
  }

  /** Calls that have no answer yet. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  /** The actor has exited: rejects everything, now and later, with `actor_gone` and this sentence. */
  end(sentence: string): void {
    this.#gone = sentence
    const inFlight = [...this.#inFlight]
    this.#inFlight.clear()
    for (const reject of inFlight) reject(new ControlError('actor_gone', 'ControlError', sentence))
    this.#port.close()
  }

  async #call(name: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#gone !== null) throw new ControlError('actor_gone', 'ControlError', this.#gone)
    const outcome = await new Promise<ControlOutcome>((resolve, reject) => {
      this.#inFlight.add(reject)
      const answer = this.#root(name, args)
      answer.then(resolve, reject).finally(() => this.#inFlight.delete(reject))
      // Posted first, rung after: an actor that wakes finds the call in its event loop.
      this.#ring()
    })
    if (outcome.ok) return outcome.value
    throw new ControlError(knownStatus(outcome.status), outcome.name, outcome.detail)
  }
}

function knownStatus(status: string | null): Status | null {
  return status !== null && Object.hasOwn(statusTable, status) ? (status as Status) : null
}
