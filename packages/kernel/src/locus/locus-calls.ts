/** Creating loci, finding them, and what a locus's own thread asks at its start. */
import {
  hereCapref,
  maxBlockBytes,
  refuse,
  type Answer,
  type ArgsOf,
  type locusCalls,
  type PortId,
} from '@katydid/abi'
import { invariant, later, type IncomingCall } from '@katydid/actor'
import { resolveContainer, tableOf } from '../capability/resolve.js'
import { grantContainer } from '../container/container-calls.js'
import type { Machine } from '../machine.js'
import { isOpen } from '../state-interval/gate.js'
import { noteReceived } from '../state-interval/messages.js'
import { heldFor } from './durable-calls.js'
import { grantLocus } from './locus-control.js'
import { newLocus, type Locus } from './locus.js'
import { startLocus } from './start.js'

type Calls = typeof locusCalls

/** locus_create: a locus that invokes the container with the block. It is answered before its thread is up. */
export function locusCreate(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['locusCreate']>,
): Answer<Calls['locusCreate']> {
  const found = resolveContainer(machine, from, args.cont, 'invoke')
  if (found.status !== 'ok') return found
  const { container, capability } = found
  if (container.program === null)
    return refuse(
      'no_invocation_point',
      `“${container.name}” has no invocation point; set one first`,
    )
  if (container.manager === null)
    return refuse(
      'no_manager',
      `“${container.name}” has no manager; adopt it first (manage_request)`,
    )
  if (machine.containers.hasFailed(container))
    return refuse('manager_failed', machine.managers.at(container.manager)?.why ?? '')
  if (args.block.byteLength > maxBlockBytes)
    return refuse(
      'too_large',
      `a block has at most ${maxBlockBytes} bytes, not ${args.block.byteLength}`,
    )
  const earlier = machine.loci.named(args.name)
  if (earlier !== null && earlier.end === null)
    return refuse('bad_argument', `a locus named “${args.name}” is running already`)
  const locus = newLocus({
    id: machine.loci.takeId(),
    name: args.name,
    container: container.slot,
    program: container.program,
    block: Uint8Array.from(args.block),
    rights: capability.rights,
  })
  // In the table before it has a capability, or that would count as dead and its slot be given away.
  if (earlier !== null) machine.loci.forget(earlier)
  machine.loci.add(locus)
  const cap = grantLocus(machine, from, locus)
  const problem =
    cap === null
      ? 'the caller’s capability table is full'
      : startLocus(machine, locus, null)
        ? null
        : `all ${machine.region.plan.shape.maxLoci} locus slots are taken`
  if (problem !== null || cap === null) {
    machine.loci.forget(locus)
    if (earlier !== null) machine.loci.add(earlier)
    if (cap !== null) machine.capabilities.drop(tableOf(machine, from, 'own')!, 'locus', locus.id)
    return refuse('no_resource', problem ?? '')
  }
  inheritName(machine, locus, earlier)
  machine.changed()
  return { status: 'ok', locus: locus.id, cap }
}

/** It has the name of one that has ended or was destroyed: should that one come back, this one was never made. */
function inheritName(machine: Machine, { name, container }: Locus, earlier: Locus | null): void {
  const unit = earlier?.container ?? machine.freedNames.of(name)?.unit
  if (unit !== undefined) noteReceived(machine, container, unit)
}

/** locus_find: whether the locus of that name has ended, and with what. */
export function locusFind(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['locusFind']>,
): Answer<Calls['locusFind']> {
  const locus = machine.loci.named(args.name)
  if (locus === null) return refuse('no_such_locus', `the world has no locus named “${args.name}”`)
  const { id, end } = locus
  const cap = grantLocus(machine, from, locus)
  return {
    status: 'ok',
    locus: id,
    ended: end !== null,
    recoverable: end !== null && locus.told,
    end: end?.status ?? '',
    block: end?.block ?? noBlock,
    cap,
  }
}

const noBlock = new Uint8Array(0)

/** locus_begin: what the thread shall enter. Held while a capture or recovery keeps the gate shut. */
export function locusBegin(
  machine: Machine,
  call: IncomingCall<Calls['locusBegin']>,
): Answer<Calls['locusBegin']> | typeof later {
  const answer = (): Answer<Calls['locusBegin']> => {
    const locus = machine.loci.speaking(call.from, call.generation)
    if (locus === null || locus.end !== null)
      return refuse('no_such_locus', `no locus runs on port ${call.from}`)
    return planOf(machine, locus, call.from)
  }
  const locus = machine.loci.speaking(call.from, call.generation)
  // What is run again is run behind the shut gate.
  if (
    locus === null ||
    locus.replay !== null ||
    locus.visitor !== null ||
    isOpen(machine, locus.container)
  )
    return answer()
  const { container } = locus
  machine.heldBegins.push({ container, answer: () => call.reply(answer()) })
  return later
}

function planOf(machine: Machine, locus: Locus, port: PortId): Answer<Calls['locusBegin']> {
  if (locus.visitor !== null) return { status: 'ok', plan: visitorPlan(locus) }
  const container = machine.containers.at(locus.container)
  invariant(container !== null, 'LO61: the container of a live locus exists', { id: locus.id })
  const containerCap = grantContainer(machine, port, container, locus.rights)
  if (containerCap === null) return refuse('no_such_locus', 'the locus’s capability table is full')
  const { block, resumed, name } = locus
  // The same content in another place is the same program, and its old place may be gone.
  const program = container.program?.hash === locus.program.hash ? container.program : locus.program
  return {
    status: 'ok',
    plan: {
      container: container.slot,
      containerCap,
      size: container.size,
      program,
      block,
      resumed,
      name,
      answer: heldFor(machine, locus),
      replay: locus.replay !== null,
      visitor: false,
    },
  }
}

/** What it is to enter it asks for itself. */
const visitorPlan = ({ program, block, name }: Locus) => ({
  container: 0,
  containerCap: hereCapref,
  size: 0,
  program,
  block,
  resumed: false,
  name,
  answer: null,
  replay: false,
  visitor: true,
})
