/** What happens in a world, told to whoever subscribed, on the thread that opened it. */
import type { WorldEvent } from '@katydid/abi'

type Kind = WorldEvent['kind']
export type EventOf<K extends Kind> = Extract<WorldEvent, { readonly kind: K }>
type Listener = (event: WorldEvent) => void

/** How many past events are kept for those who ask later. */
const kept = 64

export class WorldEvents {
  readonly #listeners = new Map<Kind, Set<Listener>>()
  readonly #latest: WorldEvent[] = []
  readonly #atClose = new Set<() => void>()

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
    return () => set.delete(each)
  }

  /** Calls `listener` when the world closes. Returns what ends that. */
  onClose(listener: () => void): () => void {
    this.#atClose.add(listener)
    return () => this.#atClose.delete(listener)
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
