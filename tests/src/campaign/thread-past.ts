/** The past of containers on threads: what each snapshot held is noted as it is made, and compared when it is opened or forked. */
import { setTimeout as delay } from 'node:timers/promises'
import type { StateInterval } from '@katydid/abi'
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
    const first = await outcomeOf(world.dropSnapshot(container, stateInterval))
    if (first.status === 'most_recent_recoverable') return isOfKeptLine(world, container, chosen)
    // What is retained may have been moved on by a snapshot that the world took by itself.
    if (first.status !== 'ok' && !gone.includes(first.status))
      throw new Error(`snapshot_drop: ${first.status}, ${first.detail}`)
    const again = await outcomeOf(
      world.forkSnapshot(container, stateInterval, { name: `past ${this.#count++}` }),
    )
    if (!gone.includes(again.status))
      throw new Error(`a snapshot that was dropped was forked: ${again.status}, ${again.detail}`)
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

/**
 * It was refused, which is said of a snapshot that belongs to a kept line. Its manager hears of a line before it is listed, and that one has left after; so it
 * is listed soon, or can be dropped.
 */
async function isOfKeptLine(
  world: World,
  container: Container,
  { stateInterval }: { readonly stateInterval: StateInterval },
): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    const lines = await world.lines()
    const isMember = lines.some(({ members }) =>
      members.some((each) => each.container === container.name && each.snapshot === stateInterval),
    )
    if (isMember) return
    const { status } = await outcomeOf(world.dropSnapshot(container, stateInterval))
    if (status !== 'most_recent_recoverable') return
    await delay(20)
  }
  throw new Error(`snapshot_drop: ${stateInterval} is refused, and is of no kept line`)
}

async function outcomeOf(call: Promise<unknown>): Promise<{ status: string; detail: string }> {
  try {
    await call
    return { status: 'ok', detail: '' }
  } catch (error) {
    if (!(error instanceof KatydidError)) throw error
    return { status: error.status, detail: error.message }
  }
}
