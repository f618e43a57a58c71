/** What happens in a world, told to whoever subscribed, on the thread that opened it. */
import type { WorldEvent } from '@katydid/abi'

type Kind = WorldEvent['kind']
export type EventOf<K extends Kind> = Extract<WorldEvent, { readonly kind: K }>
/** An event, and the machine on which it happened. */
export type MachineEventOf<K extends Kind> = EventOf<K> & { readonly machine: number }
type Listener = (event: WorldEvent) => void

/** How many past events are kept for those who ask later. */
const kept = 64
/** Lines of output that are kept for somebody to listen; of more the oldest were told to nobody. */
const keptOutput = 128
/** So long a line may wait for the first listener, while loci run, before it counts as told to nobody. It is kept all the same. */
const graceMs = 1_000

type Output = EventOf<'output'>

export class WorldEvents {
  readonly #listeners = new Map<Kind, Set<Listener>>()
  readonly #latest: WorldEvent[] = []
  readonly #atClose = new Set<() => void>()
  /** Once loci run, output that nobody listens to does not hold them up: the oldest lines count as told to nobody. */
  dropsUnheard = false
  #unheard: { readonly line: Output; readonly taken: () => void }[] = []

  /** The latest events, oldest first. */
  get latest(): readonly WorldEvent[] {
    return this.#latest
  }

  /** Calls `listener` at each event of the kind from now on. Returns what ends that. */
  on<K extends Kind>(kind: K, listener: (event: EventOf<K>) => void): () => void {
    const set = this.#listeners.get(kind) ?? new Set()
    this.#listeners.set(kind, set)
    const each = listener as Listener
    set.add(each)
    if (kind === 'output') this.#hear()
    return () => set.delete(each)
  }

  /** Whether somebody listens to events of that kind. */
  hears(kind: Kind): boolean {
    return (this.#listeners.get(kind)?.size ?? 0) > 0
  }

  /** A line of output: told to those who listen, and then taken. Where nobody does it waits for the first who will, as far as there is room. */
  emitOutput(line: Output, taken: () => void): void {
    this.#unheard.push({ line, taken })
    if (this.hears('output')) this.#hear()
    else if (this.dropsUnheard) {
      if (this.#unheard.length > keptOutput) this.#unheard.shift()?.taken()
      setTimeout(
        () => this.#unheard.some((each) => each.taken === taken) && taken(),
        graceMs,
      ).unref()
    }
  }

  #hear(): void {
    for (const { line, taken } of this.#unheard.splice(0)) {
      this.#tell(line)
      taken()
    }
  }

  /** Calls `listener` when the world closes. Returns what ends that. */
  onClose(listener: () => void): () => void {
    this.#atClose.add(listener)
    return () => this.#atClose.delete(listener)
  }

  /** Another life of the machine begins: what the last one told is over, and lines that nobody took come again. */
  beginAnew(): void {
    this.#latest.length = 0
    this.#unheard = []
  }

  /** No event comes any more. */
  close(): void {
    const listeners = Array.from(this.#atClose)
    for (const listener of listeners) listener()
    this.#atClose.clear()
    this.#listeners.clear()
  }

  /** Tells an event. A listener that throws does not keep others, or the world, from going on. */
  emit(event: WorldEvent): void {
    this.#latest.push(event)
    if (this.#latest.length > kept) this.#latest.shift()
    this.#tell(event)
  }

  #tell(event: WorldEvent): void {
    const listeners = Array.from(this.#listeners.get(event.kind) ?? [])
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
