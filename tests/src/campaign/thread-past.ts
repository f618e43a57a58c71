/** The past of containers on threads: what each snapshot held is noted as it is made, and compared when it is opened or forked. */
import type { Random } from '@katydid/actor'
import { KatydidError, type Container, type World } from 'katydid'
import type { Deed, Part } from './thread-deeds.js'

export class ThreadPast {
  /** By container and interval. */
  readonly #held = new Map<string, readonly Part[]>()
  #count = 0

  /** The present becomes a snapshot; nobody may run in the container. */
  async remember(world: World, container: Container, parts: readonly Part[]): Promise<void> {
    await world.snapshot()
    const newest = (await world.snapshots(container)).at(-1)
    // Of a container in which nobody ever was none is made.
    if (newest === undefined) return
    const copies = parts.map(({ base, bytes }) => ({ base, bytes: bytes.slice() }))
    this.#held.set(keyOf(container, newest.stateInterval), copies)
  }

  /** One that is retained still is opened or forked; a locus compares it, and writes to it or is refused. Answers how much it compared. */
  async lookBack(
    world: World,
    container: Container,
    random: Random,
    kind: 'open' | 'fork',
  ): Promise<number> {
    const known = (await world.snapshots(container))
      .map(({ stateInterval }) => stateInterval)
      .filter((interval) => this.#held.has(keyOf(container, interval)))
    const interval = known[random.below(Math.max(1, known.length))]
    if (interval === undefined) return 0
    const held = this.#held.get(keyOf(container, interval))!
    const name = `past ${this.#count++}`
    const begun =
      kind === 'open'
        ? await world.openSnapshot(container, interval, { name })
        : await world.forkSnapshot(container, interval, { name })
    const deeds = held.flatMap((part) => compared(part, random, kind))
    const args = { base: 0, length: container.size - (container.size % 8), deeds }
    const locus = await world.startLocus(begun, { name: `in ${name}`, args })
    await locus.result()
    await world.destroyContainer(begun)
    return deeds.length
  }

  /** One that a crash would not bring back is given up: it is neither listed nor forked any more. */
  async drop(world: World, container: Container, random: Random): Promise<void> {
    const listed = await world.snapshots(container)
    const chosen = listed[random.below(Math.max(1, listed.length - 1))]
    if (chosen === undefined || listed.length < 2) return
    const { stateInterval } = chosen
    const gone = ['no_such_interval']
    const first = await statusOf(world.dropSnapshot(container, stateInterval))
    // What is retained may have been moved on by a snapshot that the world took by itself.
    if (first !== 'ok' && !gone.includes(first)) throw new Error(`snapshot_drop: ${first}`)
    const again = await statusOf(
      world.forkSnapshot(container, stateInterval, { name: `past ${this.#count++}` }),
    )
    if (!gone.includes(again)) throw new Error(`a snapshot that was dropped was forked: ${again}`)
  }
}

const keyOf = ({ name }: Container, interval: number): string => `${name} ${interval}`

/** Pieces of it, with the content that they must have; then the end of it is written. */
function compared({ base, bytes }: Part, random: Random, kind: 'open' | 'fork'): Deed[] {
  const pieces = Array.from({ length: 12 }, (): Deed => {
    const at = random.below(bytes.length - 256)
    return ['getBytes', base + at, bytes.slice(at, at + 256)]
  })
  const last = base + bytes.length - 8
  const value = random.next() | 0
  return kind === 'open'
    ? [...pieces, ['readOnly', last]]
    : [...pieces, ['store', last, value], ['load', last, value]]
}

async function statusOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (!(error instanceof KatydidError)) throw error
    return error.status
  }
}
