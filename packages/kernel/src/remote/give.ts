/** cap_give and container_find_on: what a host does between two machines. The kernels speak to each other; nothing is stamped but what is new. */
import {
  actorPorts,
  asCapref,
  hostPort,
  machineCalls,
  refuse,
  type AnySignature,
  type Answer,
  type ArgsOf,
  type containerCalls,
  type MachineId,
  type Refusal,
  type Reply,
} from '@katydid/abi'
import { invariant, later, run, until, type IncomingCall, type Script } from '@katydid/actor'
import { putInto } from '../capability/capability-calls.js'
import { resolve, resolveContainer, tableOf } from '../capability/resolve.js'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'
import { asHeard, isForeign } from '../machines/foreign-units.js'
import { whyApart } from '../machines/hear.js'
import { mergeInto } from '../state-interval/points.js'
import { masterOf, farOf, intervalOf } from './far-capability.js'
import { capabilityHere, noteSeen } from './stand-ins.js'

type Give = (typeof containerCalls)['capGive']
type Find = (typeof containerCalls)['containerFindOn']
type Given = (typeof machineCalls)['capabilityGiven']
type Named = (typeof machineCalls)['containerNamed']

/** Machines that are being recovered are asked again for so long. */
const patienceMs = 10_000
const againMs = 50

/** cap_give. */
export function capGive(
  machine: Machine,
  { cap, machine: to, to: target, rights }: ArgsOf<Give>,
  call: IncomingCall<Give>,
): Answer<Give> | typeof later {
  const found = resolve(machine, call.from, cap, 'container', 'copy')
  if (found.status !== 'ok') return found
  const { capability } = found
  if ((capability.rights & rights) === 0)
    return refuse('right_missing', 'none of the rights asked for is in the capability copied')
  const { across } = machine
  if (across === null || !across.others.includes(to)) return noSuchMachine(to)
  const far = farOf(machine, capability, capability.rights & rights)
  const container = machine.containers.anyAt(capability.slot)
  invariant(far !== null && container !== null, 'CP2: a live container has its record', {
    slot: capability.slot,
  })
  const sent =
    container.home === null
      ? [{ unit: container.slot, interval: intervalOf(machine, container, capability.group) }]
      : [...container.intervals.history.owed].map(([unit, interval]) => ({ unit, interval }))
  const args = { recovery: across.recovery, cap: far, sent, to: asCapref(target) }
  run(
    machine.messenger,
    askUntilOpen(machine, across, to, machineCalls.capabilityGiven, args),
    (reply) => call.reply(reply),
  )
  return later
}

/** container_find_on. */
export function containerFindOn(
  machine: Machine,
  { machine: at, name }: ArgsOf<Find>,
  call: IncomingCall<Find>,
): Answer<Find> | typeof later {
  const { across } = machine
  if (across === null || !across.others.includes(at)) return noSuchMachine(at)
  const args = { recovery: across.recovery, name }
  run(
    machine.messenger,
    askUntilOpen(machine, across, at, machineCalls.containerNamed, args),
    (reply) => {
      if (reply.status !== 'ok') return call.reply(reply)
      const { cap: far, interval } = reply
      const capability = capabilityHere(machine, far)
      const table = tableOf(machine, call.from, 'own')
      const cont =
        capability === null || table === null
          ? null
          : machine.capabilities.grant(table, 'own', capability)
      if (capability === null || cont === null)
        return call.reply(
          refuse('no_resource', 'no container slot is free, or the host’s table is full'),
        )
      const standIn = machine.containers.anyAt(capability.slot)
      invariant(standIn !== null, 'CP2: a live container has its record', { slot: capability.slot })
      noteSeen(standIn, new Map([[asHeard(across.self, at, far.slot), interval]]))
      call.reply({ status: 'ok', cont, size: far.size })
    },
  )
  return later
}

/** capability_given. */
export function capabilityGiven(
  machine: Machine,
  across: Across,
  from: MachineId,
  { recovery, cap: told, sent, to }: ArgsOf<Given>,
): Answer<Given> {
  const apart = whyApart(machine, across, recovery)
  if (apart !== null) return refuse('frozen', apart)
  const seen = new Map(
    sent.map(({ unit, interval }) => [asHeard(across.self, from, unit), interval]),
  )
  if (across.ends.hasAny(seen)) return refuse('frozen', 'what was seen of it went back')
  const target = resolveContainer(machine, hostPort, to, 'write')
  if (target.status !== 'ok') return target
  const capability = capabilityHere(machine, told)
  if (capability === null)
    return refuse(
      'no_resource',
      `every container slot of machine ${across.self} is taken, of which each container of another machine that is named there takes one; make the world with more (containers)`,
    )
  const put = putInto(machine, target.container, capability)
  // Of this machine’s own units there is nothing to be noted: the host stands outside.
  if (put.status === 'ok')
    mergeInto(
      target.container.intervals.history.owed,
      new Map([...seen].filter(([unit]) => isForeign(unit))),
    )
  return put
}

/** container_named. */
export function containerNamed(
  machine: Machine,
  across: Across,
  { recovery, name }: ArgsOf<Named>,
): Answer<Named> {
  const apart = whyApart(machine, across, recovery)
  if (apart !== null) return refuse('frozen', apart)
  const container = machine.containers.named(name)
  if (container === null || container.selfManaged)
    return refuse('no_such_container', `machine ${across.self} has no container named “${name}”`)
  return {
    status: 'ok',
    cap: masterOf(across, container),
    interval: intervalOf(machine, container, 0),
  }
}

/** Asks the other kernel, again and again while one of the two machines is being recovered. */
function* askUntilOpen<S extends AnySignature>(
  machine: Machine,
  across: Across,
  to: MachineId,
  signature: S,
  args: ArgsOf<S>,
): Script<Answer<S> | Refusal<'unreachable'>> {
  const untilMs = machine.clock.nowMs() + patienceMs
  for (;;) {
    const reply = yield* until<Reply<S>>((done) =>
      across.remote
        .to(to)
        .call(
          actorPorts.kernel,
          signature,
          { ...args, recovery: across.recovery },
          done,
          patienceMs,
        ),
    )
    if (reply.status !== 'frozen' || machine.clock.nowMs() >= untilMs)
      return asKnown(reply as Reply<AnySignature>)
    yield* machine.waits.until(() => false, againMs)
  }
}

/** Without an answer nobody knows; who asked is told one thing of it. */
function asKnown<S extends AnySignature>(
  reply: Reply<AnySignature>,
): Answer<S> | Refusal<'unreachable'> {
  const isUnknown = ['timed_out', 'actor_gone', 'bad_message'].includes(reply.status)
  const told = isUnknown ? refuse('unreachable', Reflect.get(reply, 'detail') as string) : reply
  return told as Answer<S> | Refusal<'unreachable'>
}

const noSuchMachine = (machine: number): Refusal<'bad_argument'> =>
  refuse('bad_argument', `this world has no other machine ${machine}`)
