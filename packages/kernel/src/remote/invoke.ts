/** remote_invoke: a locus of this machine invokes a container of another. The block goes there in a letter of the container that the locus is in. */
import { maxBlockBytes, refuse, type Answer, type ArgsOf, type locusCalls } from '@katydid/abi'
import { invariant, later, run, type IncomingCall } from '@katydid/actor'
import type { Far } from '../capability/capability-tables.js'
import { hex, resolveAny } from '../capability/resolve.js'
import type { Container, Home } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'
import { contentOf } from '../machines/letters.js'
import { sendLetter } from '../machines/send-letter.js'
import { currentContainer } from '../state-interval/messages.js'
import { beginGuest } from './begin-guest.js'
import { supportFor } from './support.js'

type Invoke = (typeof locusCalls)['remoteInvoke']

/** What is waited for is waited for an hour at the most. */
const mostMs = 3_600_000

interface Invocation {
  readonly across: Across
  readonly locus: Locus
  readonly from: Container
  readonly to: Container & { readonly home: Home }
  readonly far: Far
  readonly rights: number
  readonly args: ArgsOf<Invoke>
  readonly call: IncomingCall<Invoke>
  readonly deadlineMs: number
}

export function remoteInvoke(
  machine: Machine,
  args: ArgsOf<Invoke>,
  call: IncomingCall<Invoke>,
): Answer<Invoke> | typeof later {
  const found = resolveAny(machine, call.from, args.cap, 'invoke')
  if (found.status !== 'ok') return found
  const { container: to, capability } = found
  const { across } = machine
  const { far } = capability
  if (across === null || to.home === null || far === undefined)
    return refuse('bad_argument', `the container of ${hex(args.cap)} is one of this machine`)
  if (!(args.deadlineMs >= 0 && args.deadlineMs <= mostMs))
    return refuse('bad_argument', `a deadline is 0 to ${mostMs} ms, not ${args.deadlineMs}`)
  if (args.block.byteLength > maxBlockBytes)
    return refuse(
      'too_large',
      `a block has at most ${maxBlockBytes} bytes, not ${args.block.byteLength}`,
    )
  const locus = machine.loci.speaking(call.from, call.generation)
  const from = locus === null ? null : currentContainer(machine, locus)
  if (locus === null || from === null)
    return refuse('not_supported', 'the invoker is in a container of another machine itself')
  const invocation: Invocation = {
    across,
    locus,
    from,
    to: to as Invocation['to'],
    far,
    rights: capability.rights,
    // The message’s bytes are the mailbox’s.
    args: { ...args, block: args.block.slice() },
    call,
    deadlineMs: machine.clock.nowMs() + args.deadlineMs,
  }
  begin(machine, invocation)
  return later
}

/** First the container’s manager says where it is run. */
function begin(machine: Machine, invocation: Invocation): void {
  const { across, call, deadlineMs, far, from, to, args, rights } = invocation
  const asked = {
    group: far.group,
    rights,
    stateInterval: machine.containers.interval(from.slot),
    params: args.block,
  }
  run(machine.messenger, supportFor(machine, across, to, asked, deadlineMs), (support) => {
    if (!isThere(machine, invocation) || isHeld(machine, invocation)) return
    if (support === null) return call.reply(noAnswer(invocation, 'it was not begun'))
    if ('status' in support) return call.reply(support)
    const { decision, machine: where, lender } = support
    if (decision === 'refuse')
      return call.reply(
        refuse(
          'access_denied',
          `the manager of container ${far.slot} of machine ${far.machine} refuses invocations from machine ${across.self}`,
        ),
      )
    if (decision === 'migrate_to' && where !== far.machine)
      return call.reply(
        refuse(
          'not_supported',
          `the manager of container ${far.slot} of machine ${far.machine} would have it run on machine ${where}, which is neither its home nor the one that invokes`,
        ),
      )
    if (decision === 'migrate_to' || lender === null) return send(machine, invocation)
    const guest = { home: to.home, size: to.size }
    run(machine.messenger, beginGuest(machine, across, guest, lender), () => {
      // Without a guest it is run at home.
      if (isThere(machine, invocation) && !isHeld(machine, invocation)) send(machine, invocation)
    })
  })
}

/** Whether its thread was not ended meanwhile, and what it was in is not another now. */
const isThere = (machine: Machine, { call, locus, from }: Invocation): boolean =>
  machine.loci.speaking(call.from, call.generation) === locus &&
  machine.containers.at(from.slot) === from

/** As any call of a locus that runs on; what the manager has said may not hold any more then. */
function isHeld(machine: Machine, invocation: Invocation): boolean {
  if (machine.phase !== 'recovering') return false
  machine.heldCalls.push(() => {
    if (isThere(machine, invocation)) begin(machine, invocation)
  })
  return true
}

function send(machine: Machine, invocation: Invocation): void {
  const { args, call, deadlineMs, far, from, rights } = invocation
  invariant(machine.containers.at(from.slot) === from, 'SI167: who sends is there', {
    slot: from.slot,
  })
  const number = machine.farCalls.begin(machine.session, {
    port: call.from,
    generation: call.generation,
    deadlineMs,
    done: (end) =>
      call.reply(
        end === null
          ? noAnswer(invocation, 'nobody knows whether it was, or will be, carried out')
          : { status: 'ok', ...end },
      ),
  })
  const { block, epoch, mixed } = args
  const { group } = far
  const content = contentOf('invoke', { call: number, group, rights, epoch, mixed, block })
  const sent = sendLetter(machine, from, far, content)
  if (sent.status === 'ok') return
  machine.farCalls.take(number)
  call.reply(sent)
}

const noAnswer = ({ far, args }: Invocation, what: string) =>
  refuse(
    'unreachable',
    `container ${far.slot} of machine ${far.machine} gave no answer within ${args.deadlineMs} ms; ${what}`,
  )
