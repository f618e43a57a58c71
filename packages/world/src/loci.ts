/**
 * Loci as a host uses them: found or made by name, and waited for until their result cannot be lost any more.
 */
import { locusCalls, type WorldEvent } from '@katydid/abi'
import { packValue, unpackValue } from '@katydid/actor'
import type { Container } from './containers.js'
import { KatydidError } from './error.js'
import type { WorldEvents } from './events.js'
import { must, refused, type HostCall } from './host-call.js'

/** How a locus came to its end. */
export interface LocusResult {
  /** What its outermost invocation returned. */
  readonly result: unknown
  /** True when the world held the locus already, ended or not. */
  readonly resumed: boolean
}

/** A locus a host started or found. */
export interface LocusHandle {
  readonly name: string
  readonly locus: number
  readonly resumed: boolean
  /** Settles when the result is recoverable; rejects with `locus_lost`, `program_failed` and their like. */
  result(): Promise<LocusResult>
}

interface Known {
  readonly locus: number
  readonly ended: boolean
  readonly recoverable: boolean
  readonly block: Uint8Array
}

/** The locus of that name, or null. */
export async function findLocus(host: HostCall, name: string): Promise<Known | null> {
  const reply = await host(locusCalls.locusFind, { name })
  if (reply.status === 'no_such_locus') return null
  if (reply.status !== 'ok') throw refused(`locus ${name}`, reply)
  const { locus, ended, recoverable, block } = reply
  return { locus, ended, recoverable, block }
}

/** Starts a locus in the container, its arguments by value. */
export async function makeLocus(
  host: HostCall,
  container: Container,
  name: string,
  args: unknown,
): Promise<number> {
  const { locus } = await must(host, `locus ${name}`, locusCalls.locusCreate, {
    cont: container.capref,
    block: packValue(args ?? null),
    name,
  })
  return locus
}

type Ended = Extract<WorldEvent, { readonly kind: 'locus_ended' }>

/**
 * Waits for the end of the locus. An end that is not recoverable yet is made so by a snapshot. Asks again at every
 * rollback: what was created after the line is gone then, and nobody else would tell.
 */
export async function waitForLocus(
  host: HostCall,
  events: WorldEvents,
  name: string,
): Promise<Uint8Array> {
  const ending = new Promise<Uint8Array>((resolve, reject) => {
    const stop: (() => void)[] = []
    const settle = (action: () => void): void => {
      for (const each of stop.splice(0)) each()
      action()
    }
    const look = async (): Promise<void> => {
      const known = await findLocus(host, name)
      if (known === null)
        throw new KatydidError(
          'locus_lost',
          `The locus ${name} is gone: the world went back to a state from before it was made. Run it again.`,
        )
      if (!known.ended) return
      if (known.recoverable) return settle(() => resolve(known.block))
      const taken = await host(locusCalls.worldSnapshot, { durable: true })
      if (taken.status === 'ok') await look()
    }
    const check = (): void => {
      look().catch((error: unknown) => settle(() => reject(error as Error)))
    }
    const onEnd = (event: Ended): void => {
      if (event.name !== name) return
      if (event.status === 'ok') return check()
      settle(() => reject(failure(event)))
    }
    stop.push(
      events.on('locus_ended', onEnd),
      events.on('rollback', check),
      events.on('recoverable', check),
      events.onClose(() =>
        settle(() =>
          reject(
            new KatydidError(
              'closed',
              `The world was closed before the locus ${name} had ended. What it did is kept as far as it was recoverable; open the world again.`,
            ),
          ),
        ),
      ),
      events.on('failed', ({ status, detail }) =>
        settle(() => reject(new KatydidError(status as KatydidError['status'], detail))),
      ),
    )
    const failed = events.latest.findLast(
      (event): event is Ended => event.kind === 'locus_ended' && event.name === name,
    )
    if (failed === undefined) check()
    else onEnd(failed)
  })
  return ending
}

/** The value a result block carries; a block that is no packed value is given as it is. */
export function resultOf(block: Uint8Array): unknown {
  if (block.length === 0) return null
  try {
    return unpackValue(block)
  } catch {
    return block
  }
}

function failure(event: Ended): KatydidError {
  const words = event.detail === '' ? 'nothing more is known' : event.detail
  return new KatydidError(
    event.status as KatydidError['status'],
    `The locus ${event.name} has failed (${event.status}): ${words}`,
  )
}
