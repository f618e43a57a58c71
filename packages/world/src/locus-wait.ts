/**
 * Waiting for the end of a locus, until it cannot be lost any more, or, where that is enough, until it has ended for now.
 *
 * Looks anew whenever something happened that may have ended it, undone its end or made that recoverable. What is lost
 * with a rollback is told by an event; events and answers come on two ports, so an answer may be the first to say so.
 */
import { locusCalls, type Durability, type Status, type WorldEvent } from '@katydid/abi'
import { KatydidError } from './error.js'
import type { WorldEvents } from './events.js'
import type { HostCall } from './host-call.js'
import { findLocus } from './loci.js'

type Ended = Extract<WorldEvent, { readonly kind: 'locus_ended' }>

/** How long an event may come behind the answer that says the same. */
const eventLagMs = 1000
const againMs = 100

export class LocusWait {
  readonly #host: HostCall
  readonly #events: WorldEvents
  readonly #name: string
  readonly #locus: number
  readonly #durable: Durability
  readonly #stop: (() => void)[] = []
  #resolve: (block: Uint8Array) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined
  #looking = false
  #lookAgain = false
  #isOver = false

  constructor(
    host: HostCall,
    events: WorldEvents,
    name: string,
    locus: number,
    durable: Durability,
  ) {
    this.#host = host
    this.#events = events
    this.#name = name
    this.#locus = locus
    this.#durable = durable
  }

  /** Its result block, once that is recoverable; with `volatile` as soon as it is there. Rejects with what ended it, or with `closed`. */
  end(): Promise<Uint8Array> {
    return new Promise<Uint8Array>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const events = this.#events
      const failed = events.latest.findLast((event): event is Ended => this.#isFailure(event))
      if (failed !== undefined) {
        reject(failureOf(failed))
        return
      }
      const look = (): void => this.#look()
      this.#stop.push(
        events.on('locus_ended', (event) => {
          if (this.#isFailure(event)) this.#fail(failureOf(event))
          else if (event.locus === this.#locus) look()
        }),
        events.on('rollback', look),
        events.on('recoverable', look),
        events.on('failed', ({ status, detail, restarts }) => {
          // The locus goes on with the next life of its machine.
          if (restarts !== true) this.#fail(new KatydidError(status as Status, detail))
        }),
        events.on('ready', look),
        events.onClose(() => {
          this.#fail(
            new KatydidError(
              'closed',
              `The world was closed before the locus ${this.#name} had ended. What it did is kept as far as it was recoverable; open the world again.`,
            ),
          )
        }),
      )
      look()
    })
  }

  /** One look at a time; what happens during a look makes another. */
  #look(): void {
    this.#lookAgain = true
    if (this.#looking) return
    this.#looking = true
    void this.#looks()
  }

  async #looks(): Promise<void> {
    try {
      while (this.#lookAgain && !this.#isOver) {
        this.#lookAgain = false
        await this.#oneLook()
      }
    } catch (error) {
      // A machine that ended before it answered, or is being started, is asked again.
      if (error instanceof KatydidError && error.again)
        setTimeout(() => this.#look(), againMs).unref()
      else this.#fail(error)
    } finally {
      this.#looking = false
    }
  }

  async #oneLook(): Promise<void> {
    const known = await findLocus(this.#host, this.#name)
    if (known?.locus !== this.#locus) {
      this.#failUnlessTold(this.#lost())
      return
    }
    if (!known.ended) return
    if (known.end !== 'ok') {
      const sentence = `The locus ${this.#name} has failed in this session; open the world again to let it try again.`
      this.#failUnlessTold(new KatydidError(known.end as Status, sentence))
      return
    }
    if (known.recoverable || this.#durable === 'volatile') {
      this.#over()
      this.#resolve(known.block)
      return
    }
    const taken = await this.#host(locusCalls.worldSnapshot, {
      durable: true,
      keep: false,
    })
    if (taken.status === 'ok') this.#lookAgain = true
  }

  #isFailure(event: WorldEvent): boolean {
    return event.kind === 'locus_ended' && event.locus === this.#locus && event.status !== 'ok'
  }

  /** The event, which says more, may be on its way. */
  #failUnlessTold(error: KatydidError): void {
    setTimeout(() => this.#fail(error), eventLagMs).unref()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#over()
    this.#reject(error)
  }

  #over(): void {
    this.#isOver = true
    for (const each of this.#stop.splice(0)) each()
  }

  #lost(): KatydidError {
    return new KatydidError(
      'locus_lost',
      `The locus ${this.#name} is gone: the world went back to a state from before it was made. Run it again.`,
      true,
    )
  }
}

function failureOf({ name, status, detail, unmade }: Ended): KatydidError {
  const words = detail === '' ? 'nothing more is known' : detail
  return new KatydidError(
    status as Status,
    `The locus ${name} has failed: ${words}`,
    unmade ?? false,
  )
}
