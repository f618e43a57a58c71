/**
 * A manager that is wrong in one way: the real self-managing policy, with something between it and the machine.
 *
 * It takes the traps itself and hands each to the policy as the message `container_fault`, so that a way can come
 * before and after. It never does anything that a manager could not do: the kernel and the memory room must bear it.
 */
import {
  managerUpcalls,
  pageSetCalls,
  type AnySignature,
  type ManagerBoot,
  type PageSetId,
  type Status,
} from '@katydid/abi'
import { invariant, later, type IncomingCall, type Messenger } from '@katydid/actor'
import { takeTraps, type PendingTrap } from '@katydid/memory'
import type { Surroundings } from '../self-managing/context.js'
import { SelfManagingManager } from '../self-managing/self-managing.js'
import { MiddleMessenger } from './middle-messenger.js'
import type { Faults, Upcalls, Way } from './way.js'

type FaultCall = IncomingCall<(typeof managerUpcalls)['containerFault']>

export class FaultyManager {
  readonly #surroundings: Surroundings
  readonly #faults: Faults
  readonly #manager: SelfManagingManager
  #real: Upcalls | null = null
  #pageSet: PageSetId | null = null

  /** `die` ends the thread, or what stands for it. */
  constructor(surroundings: Surroundings, boot: ManagerBoot, way: Way, die: () => void) {
    this.#surroundings = surroundings
    const { region, clock, messenger } = surroundings
    this.#faults = way.create({ region, clock, messenger, pageSet: () => this.#pageSet, die })
    const middle = this.#faults.messenger?.(messenger) ?? messenger
    this.#manager = new SelfManagingManager(
      { ...surroundings, messenger: this.#between(middle) },
      boot,
    )
  }

  turn(): number {
    if (this.#manager.isUp)
      for (const trap of takeTraps(this.#surroundings.region, this.#surroundings.messenger.port))
        this.#take(trap)
    this.#faults.turn?.()
    // A fault that comes back to us is answered from a turn of the policy; a late one wants turns of its own.
    return Math.min(this.#manager.turn(), 50)
  }

  stabilise(done: (durable: boolean) => void): void {
    this.#manager.stabilise(done)
  }

  #take(trap: PendingTrap): void {
    const serve = (access: 'read' | 'write', then: (status: Status) => void): void => {
      invariant(this.#real !== null, 'MG63: a policy that is up serves its calls', {})
      const { machineId, token: cont, offset } = trap
      const args = { machineId, cont, addr: offset as never, accessType: access }
      const reply = ({ status }: { status: Status }): void => then(status)
      const answer = this.#real.containerFault(args, { reply } as FaultCall)
      if (answer !== later) then(answer.status)
    }
    if (this.#faults.fault !== undefined) this.#faults.fault(trap, serve)
    else serve(trap.access === 'read' ? 'read' : 'write', (status) => trap.answer(status))
  }

  /** Sees which upcalls the policy serves, and which page set it was given last: the one for its containers. */
  #between(below: Messenger): Messenger {
    return new MiddleMessenger(below, {
      serve: (group, handlers) => {
        if ((group as object) !== managerUpcalls) return handlers
        this.#real = handlers as unknown as Upcalls
        return { ...handlers, ...this.#faults.upcalls?.(this.#real) }
      },
      reply: (signature, reply) => {
        if ((signature as AnySignature) === pageSetCalls.pageSetCreate && reply.status === 'ok')
          this.#pageSet = (reply as unknown as { pageset: PageSetId }).pageset
        return reply
      },
    })
  }
}
