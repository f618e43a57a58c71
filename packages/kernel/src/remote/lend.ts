/**
 * A visit of a container of this machine that runs on the machine that invoked, on the pages of its guest there. It is counted here, so the container is not captured meanwhile, its letter stays
 * until it is over, and a machine that is lost with it is a thread that was lost.
 */
import { actorPorts, machineCalls, supportUpcalls, type MachineId } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'
import { machineOf } from '../machines/foreign-units.js'
import type { Waiting } from '../machines/letters.js'
import { requestRecovery } from '../recovery/request.js'
import { isLoggedLevel } from '../logged/level.js'
import type { Lends, Lent } from './lends.js'

const lendMs = 5_000
const againMs = 100

/** Lends the invocation to the machine that it came from, if the manager has said so and nothing forbids it. */
export function lend(machine: Machine, container: Container, letter: Waiting): boolean {
  const { across, visits } = machine
  const borrower = machineOf(letter.unit) as MachineId
  const lends = visits.lends.get(container.slot)
  if (across === null || lends === undefined || lends.container !== container) return false
  if (!lends.machines.has(borrower) || visits.kept.has(letter)) return false
  const { program, slot, mappings } = container
  // What is mapped into it lives here, and so does what is logged of it.
  if (program === null || mappings.length > 0 || isLoggedLevel(container.serviceLevel)) return false
  const number = visits.takeLentNumber(machine.session)
  const { region } = machine
  const { block, epoch } = letter.content
  const mixed = letter.content.mixed || machine.containers.epoch(slot) !== epoch
  region.words.add(region.containerWord(slot, 'frames'), 1)
  region.words.store(region.containerWord(slot, 'ran'), 1)
  const { incarnation } = lends
  const { generation } = container
  const args = { number, cont: slot, generation, incarnation, program, block, epoch, mixed }
  visits.lent.set(number, { number, container, letter, borrower, args, begun: false, dueMs: 0 })
  return true
}

/** Offers what is not known to have been begun; milliseconds until that is done again. */
export function offerLent(machine: Machine, across: Across): number {
  const nowMs = machine.clock.nowMs()
  let next = Infinity
  for (const lent of machine.visits.lent.values()) {
    if (lent.begun) continue
    if (lent.dueMs > nowMs) {
      next = Math.min(next, lent.dueMs - nowMs)
      continue
    }
    lent.dueMs = Infinity
    const { recovery } = across
    across.remote.to(lent.borrower).call(
      actorPorts.kernel,
      machineCalls.visitLend,
      { ...lent.args, recovery },
      ({ status }) => {
        if (machine.visits.lent.get(lent.number) !== lent) return
        if (status === 'ok') lent.begun = true
        else if (status === 'not_supported') takeBack(machine, lent)
        else lent.dueMs = machine.clock.nowMs() + againMs
      },
      lendMs,
    )
  }
  return next
}

/** It does not run there: it is run here. */
function takeBack(machine: Machine, lent: Lent): void {
  machine.visits.kept.add(lent.letter)
  if (isThere(machine, lent)) leave(machine, lent)
  else machine.visits.lent.delete(lent.number)
}

export const isThere = (machine: Machine, { container }: Pick<Lent, 'container'>): boolean =>
  machine.containers.at(container.slot) === container

/** It is counted no more. */
export function leave(machine: Machine, { number, container }: Lent): void {
  const { region } = machine
  const isOne = machine.visits.lent.delete(number)
  invariant(isOne, 'LO161: a visit that was lent is over once', { number })
  region.words.add(region.containerWord(container.slot, 'frames'), -1)
}

/** The machine’s guest of the container is gone: if it could have written, the container goes back. Its visits are lost by whoever finds that. */
export function guestLost(machine: Machine, { container, machines }: Lends, from: MachineId): void {
  const { manager, token, name } = container
  machines.delete(from)
  if (manager === null) return
  const args = { cont: token, machine: from }
  machine.messenger.call(manager, supportUpcalls.supportLost, args, (reply) => {
    if (reply.status !== 'ok' || reply.pages === 0 || !isThere(machine, { container })) return
    requestRecovery(
      machine,
      `machine ${from} is gone with ${reply.pages} page(s) of “${name}” that it could have written`,
      new Set([container.slot]),
    )
  })
}
