/**
 * Loci as a host uses them: found or made by name, their arguments and results by value.
 */
import { locusCalls, type Capref } from '@katydid/abi'
import { packValue, unpackValue } from '@katydid/actor'
import type { Container } from './containers.js'
import { KatydidError } from './error.js'
import { must, refused, type HostCall } from './host-call.js'

/** What the world knows of a locus. */
export interface KnownLocus {
  readonly locus: number
  readonly ended: boolean
  readonly recoverable: boolean
  /** How it ended: ok, or the status of its failure. */
  readonly end: string
  readonly block: Uint8Array
}

/** The locus of that name, or null. */
export async function findLocus(host: HostCall, name: string): Promise<KnownLocus | null> {
  const reply = await host(locusCalls.locusFind, { name })
  if (reply.status === 'no_such_locus') return null
  if (reply.status !== 'ok') throw refused(`locus ${name}`, reply)
  const { locus, ended, recoverable, end, block } = reply
  return { locus, ended, recoverable, end, block }
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

/** Has the locus stay at its next safepoint; answers whether it stands still already. */
export async function suspendLocus(host: HostCall, name: string, locus: number): Promise<boolean> {
  const cap = await capabilityOf(host, name, locus)
  return (await must(host, `locus ${name}`, locusCalls.locusSuspend, { locus: cap })).atRest
}

/** Lets a suspended locus go on. */
export async function resumeLocus(host: HostCall, name: string, locus: number): Promise<void> {
  const cap = await capabilityOf(host, name, locus)
  await must(host, `locus ${name}`, locusCalls.locusResume, { locus: cap })
}

/** Ends the locus; one that runs takes its containers back, with whatever depends on what is lost with it. */
export async function destroyLocus(host: HostCall, name: string, locus: number): Promise<void> {
  const cap = await capabilityOf(host, name, locus)
  await must(host, `locus ${name}`, locusCalls.locusDestroy, { locus: cap })
}

async function capabilityOf(host: HostCall, name: string, locus: number): Promise<Capref> {
  const found = await must(host, `locus ${name}`, locusCalls.locusFind, { name })
  if (found.locus !== locus)
    throw new KatydidError('entity_gone', `The locus ${name} is gone; another one has its name.`)
  if (found.cap === null)
    throw new KatydidError('no_resource', 'The capability table of the host is full.')
  return found.cap
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
