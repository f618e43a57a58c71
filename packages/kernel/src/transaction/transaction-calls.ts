/**
 * The calls about transactions. The kernel makes the page table that a transaction runs on and says who may begin one on what;
 * locks, pages and the commit are the manager's.
 */
import {
  maxTransactionMs,
  overlayUpcalls,
  refuse,
  type Answer,
  type ArgsOf,
  type transactionCalls,
} from '@katydid/abi'
import { invariant, later, type IncomingCall } from '@katydid/actor'
import { peekContainer } from '../capability/resolve.js'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Overlay } from './overlay-table.js'

type Calls = typeof transactionCalls
type Begin = Calls['transactionBegin']

/** transaction_begin. Beginning is no message to the container: committing is, and says so. */
export function transactionBegin(
  machine: Machine,
  args: ArgsOf<Begin>,
  call: IncomingCall<Begin>,
): Answer<Begin> | typeof later {
  const found = peekContainer(machine, call.from, args.cont, 'write')
  if (found.status !== 'ok') return found
  const readable = peekContainer(machine, call.from, args.cont, 'read')
  if (readable.status !== 'ok') return readable
  const { container } = found
  const refusal = refusalOf(machine, container, args)
  if (refusal !== null) return refusal
  const locus = speaker(machine, call)
  if (machine.overlays.isBusy(locus))
    return refuse('busy', 'the locus has a transaction open; it has one at a time')
  const overlay = machine.overlays.of(locus, container) ?? makeOverlay(machine, container, locus)
  if (overlay === null)
    return refuse(
      'no_resource',
      'no container slot is free for the transaction’s page table; end loci or containers, or make the machine larger',
    )
  overlay.transaction = machine.overlays.number()
  const { transaction } = overlay
  const age = args.age === 0 ? transaction : args.age
  const { slot } = overlay.shadow
  const opened = { cont: container.token, slot, age, timeoutMs: args.timeoutMs }
  machine.messenger.call(container.manager!, overlayUpcalls.overlayOpen, opened, (reply) => {
    if (reply.status === 'ok')
      return call.reply({
        status: 'ok',
        transaction,
        age,
        overlay: overlay.id,
        slot,
        below: container.slot,
      })
    overlay.transaction = 0
    call.reply(refuse('manager_failed', `the manager began no transaction: ${reply.detail}`))
  })
  return later
}

/** Why no transaction can be had on the container; null when it can. */
function refusalOf(machine: Machine, container: Container, args: ArgsOf<Begin>) {
  const { age, timeoutMs } = args
  if (!(timeoutMs >= 1 && timeoutMs <= maxTransactionMs))
    return refuse(
      'bad_argument',
      `a transaction takes 1 to ${maxTransactionMs} ms, not ${timeoutMs}; do the work in several`,
    )
  if (!Number.isSafeInteger(age) || age < 0)
    return refuse('bad_argument', `an age is one that this call answered, or 0, not ${age}`)
  if (container.manager === null)
    return refuse('no_manager', `“${container.name}” has no manager; adopt it (manage_request)`)
  if (container.serviceLevel !== 'transactional' || container.selfManaged)
    return refuse(
      'not_supported',
      `the manager of “${container.name}” is ${container.serviceLevel}; have a transactional one adopt it`,
    )
  if (machine.recoveryWanted !== null)
    return refuse(
      'frozen',
      'the container goes back to an earlier state; the program is entered again',
    )
  return null
}

function makeOverlay(machine: Machine, below: Container, locus: number): Overlay | null {
  const shadow = machine.containers.createShadow(below)
  return shadow === null ? null : machine.overlays.add({ shadow, below, locus })
}

/** transaction_commit: it has ended, whatever the manager answers. */
export function transactionCommit(
  machine: Machine,
  args: ArgsOf<Calls['transactionCommit']>,
  call: IncomingCall<Calls['transactionCommit']>,
): Answer<Calls['transactionCommit']> | typeof later {
  const overlay = machine.overlays.running(speaker(machine, call), args.transaction)
  if (overlay === null) return noTransaction(args)
  endOn(overlay)
  const { below, shadow } = overlay
  const cont = { cont: below.token, slot: shadow.slot }
  machine.messenger.call(
    below.manager!,
    overlayUpcalls.overlayCommit,
    cont,
    (reply) => {
      if (reply.status === 'ok') call.reply({ status: 'ok', pageCount: reply.pageCount })
      else if (reply.status === 'conflict') call.reply(refuse('conflict', reply.detail))
      else if (reply.status === 'timed_out') call.reply(refuse('timed_out', reply.detail))
      else call.reply(refuse('manager_failed', `the manager did not commit: ${reply.detail}`))
    },
    Infinity,
  )
  return later
}

/** transaction_abort. */
export function transactionAbort(
  machine: Machine,
  args: ArgsOf<Calls['transactionAbort']>,
  call: IncomingCall<Calls['transactionAbort']>,
): Answer<Calls['transactionAbort']> | typeof later {
  const overlay = machine.overlays.running(speaker(machine, call), args.transaction)
  if (overlay === null) return noTransaction(args)
  endOn(overlay)
  const { below, shadow } = overlay
  const cont = { cont: below.token, slot: shadow.slot }
  machine.messenger.call(below.manager!, overlayUpcalls.overlayDrop, cont, (reply) => {
    if (reply.status === 'ok') call.reply({ status: 'ok', fate: reply.fate })
    else call.reply(refuse('manager_failed', `the manager did not end it: ${reply.detail}`))
  })
  return later
}

function endOn(overlay: Overlay): void {
  invariant(overlay.transaction > 0, 'TX6: a transaction ends once', { id: overlay.id })
  overlay.transaction = 0
}

const noTransaction = ({ transaction }: { readonly transaction: number }) =>
  refuse('bad_argument', `the locus has no transaction ${transaction} open`)

/** The number of the locus that makes the call: only loci of the present come so far. */
export function speaker(
  machine: Machine,
  { from, generation }: Pick<IncomingCall<Begin>, 'from' | 'generation'>,
): number {
  const locus = machine.loci.speaking(from, generation)
  invariant(locus !== null, 'TX7: a transaction is a locus’s', { from })
  return locus.id
}
