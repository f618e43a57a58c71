/** transaction_window: page-table slices of an overlay, and of the container below, whose pages a commit replaces. */
import {
  maxWindowBytes,
  refuse,
  type Answer,
  type ArgsOf,
  type transactionCalls,
} from '@katydid/abi'
import { invariant, type IncomingCall } from '@katydid/actor'
import { ensureSlice } from '../container/slices.js'
import { supplierOf } from '../container/supplier.js'
import type { Machine } from '../machine.js'
import { speaker } from './transaction-calls.js'

type Window = (typeof transactionCalls)['transactionWindow']

/** Answers where the entry of the page at `base` lies in the overlay's page table. */
export function transactionWindow(
  machine: Machine,
  { transaction, base, length }: ArgsOf<Window>,
  call: IncomingCall<Window>,
): Answer<Window> {
  const overlay = machine.overlays.running(speaker(machine, call), transaction)
  if (overlay === null)
    return refuse('bad_argument', `the locus has no transaction ${transaction} open`)
  const { below, shadow } = overlay
  const { pageBytes } = machine.region.plan.shape
  if (!Number.isSafeInteger(base) || base < 0 || base % pageBytes !== 0)
    return refuse('misaligned', `a window begins at a multiple of ${pageBytes}, not at ${base}`)
  if (!Number.isInteger(length) || length < 0 || length > maxWindowBytes)
    return refuse('too_large', `a window is 1 byte to 2 GiB long, not ${length}`)
  if (base >= below.size || base + length > below.size)
    return refuse('out_of_window', `the window leaves the container of ${below.size} bytes`)
  const supply = supplierOf(machine, below, base)
  if (supply.status !== 'ok') return supply
  if (supply.container !== below)
    return refuse(
      'not_supported',
      `another container is mapped into “${below.name}” at ${base}; begin a transaction on that one`,
    )
  if (length > supply.run)
    return refuse(
      'out_of_window',
      `from ${base} on ${supply.run} bytes are of one slab and container`,
    )
  const slab = Math.floor(base / maxWindowBytes)
  const slice = ensureSlice(machine, shadow, slab)
  if (slice === null || ensureSlice(machine, below, slab) === null)
    return refuse('no_resource', 'the machine’s page-table area is full; give it more tableBytes')
  const table = slice + ((base - slab * maxWindowBytes) / pageBytes) * 4
  invariant(table < machine.region.plan.firstFrame, 'CO3: an entry lies in the table area', {
    table,
  })
  return { status: 'ok', table, length: length === 0 ? supply.run : length }
}
