/**
 * The kernel as an actor's core: serves its calls, takes the host's calls and the supervisor's reports, and does in each
 * turn what is due. It has no thread of its own, so the simulator runs the same.
 */
import {
  actorPorts,
  capabilityCalls,
  containerCalls,
  hostPort,
  inputCalls,
  isLocusPort,
  locusCalls,
  managerDowncalls,
  managerRequests,
  outputCalls,
  pageSetCalls,
  semaphoreCalls,
  transactionCalls,
  snapshotCalls,
  type Ending,
  type PortId,
} from '@katydid/abi'
import { invariant, run } from '@katydid/actor'
import { hostTable, type HostCall } from './host-calls.js'
import { guarded } from './guard.js'
import {
  capabilityHandlers,
  containerHandlers,
  inputHandlers,
  locusHandlers,
  managerHandlers,
  outputHandlers,
  pageSetHandlers,
  requestHandlers,
  semaphoreHandlers,
  transactionHandlers,
  snapshotHandlers,
} from './kernel.js'
import { locusThreadEnded } from './locus/locus-end.js'
import { flushInputs } from './logged/input-log.js'
import { watchLoci } from './locus/stalled.js'
import { Machine, type KernelParts } from './machine.js'
import { deliverLetters } from './machines/deliver.js'
import { followEpoch } from './machines/follow-epoch.js'
import { serveOthers } from './machines/serve-others.js'
import { beginIfAsked } from './machines/session-requests.js'
import { tellOthers } from './machines/tell.js'
import { closeOpened } from './manager/retained.js'
import { managerEnded } from './manager/manager-gone.js'
import { boot, type BootResult } from './recovery/boot.js'
import { endGuestsOfLost } from './remote/end-guest.js'
import { watchLends } from './remote/lent-over.js'
import { expireCalls } from './remote/far-calls.js'
import { runVisits } from './remote/visits.js'
import { endUnnamed } from './remote/stand-ins.js'
import { recoverIfWanted } from './recovery/session.js'
import { captureByPolicy } from './state-interval/policy.js'
import { stopWorld, type StopResult } from './state-interval/stop.js'

/** What the host is answered: a status, a sentence unless it is ok, and the call's results. */
export interface HostAnswer {
  readonly status: string
  readonly detail: string
  readonly [result: string]: unknown
}

/** Host calls that are answered in every phase. */
const always: readonly string[] = ['world_status']
const restMs = 100

export class KernelActor {
  readonly machine: Machine
  readonly #host: ReadonlyMap<string | number, HostCall>
  #waiting: (() => void)[] = []
  #tick = 0
  #booted: Promise<BootResult> | null = null

  constructor(parts: KernelParts) {
    const machine = new Machine(parts)
    this.machine = machine
    const { messenger } = parts
    messenger.serve(containerCalls, guarded(machine, containerCalls, containerHandlers(machine)))
    messenger.serve(managerDowncalls, guarded(machine, managerDowncalls, managerHandlers(machine)))
    messenger.serve(managerRequests, guarded(machine, managerRequests, requestHandlers(machine)))
    messenger.serve(pageSetCalls, guarded(machine, pageSetCalls, pageSetHandlers(machine)))
    messenger.serve(capabilityCalls, guarded(machine, capabilityCalls, capabilityHandlers(machine)))
    messenger.serve(semaphoreCalls, guarded(machine, semaphoreCalls, semaphoreHandlers(machine)))
    messenger.serve(
      transactionCalls,
      guarded(machine, transactionCalls, transactionHandlers(machine)),
    )
    messenger.serve(outputCalls, guarded(machine, outputCalls, outputHandlers(machine)))
    messenger.serve(snapshotCalls, guarded(machine, snapshotCalls, snapshotHandlers(machine)))
    messenger.serve(inputCalls, guarded(machine, inputCalls, inputHandlers(machine)))
    messenger.serveSome(locusCalls, guarded(machine, locusCalls, locusHandlers(machine)))
    if (machine.across !== null) serveOthers(machine, machine.across)
    this.#host = hostTable(machine)
  }

  /** Reads the disk's log and brings the world to its line, once. Settles when it is open, or has failed. */
  boot(): Promise<BootResult> {
    this.#booted ??= new Promise((resolve) =>
      run(this.machine.messenger, boot(this.machine), resolve),
    )
    return this.#booted
  }

  /** A host's call, by the name or number of its signature. Waits while the world is being recovered. */
  call(call: string | number, args: unknown): Promise<HostAnswer> {
    const found = this.#host.get(call)
    if (found === undefined)
      return Promise.resolve({
        status: 'bad_argument',
        detail: `a host cannot make the call ${call}`,
      })
    const { name, handler } = found
    return new Promise((resolve) => {
      const go = (): void => {
        if (this.machine.phase === 'failed' && !always.includes(name))
          resolve({ status: 'manager_failed', detail: this.machine.failure })
        else handler(args, (answer) => resolve({ detail: '', ...answer } as HostAnswer))
      }
      if (always.includes(name) || this.#isOpen()) go()
      else this.#waiting.push(go)
    })
  }

  /** The supervisor has seen a thread end. */
  reported(ending: Ending): void {
    const { machine } = this
    invariant(ending.port !== hostPort, 'AC7: the host does not end before its kernel', {
      ...ending,
    })
    const manager = machine.managers.at(ending.port)
    if (isLocusPort(ending.port)) locusThreadEnded(machine, ending)
    else if (manager !== null) managerEnded(machine, manager, ending)
    else if (ending.port === actorPorts.console)
      machine.fail('actor_gone', `the console’s driver ended (${ending.event}: ${ending.detail})`)
    else if (ending.port === actorPorts.disk || ending.port === actorPorts.barrier)
      machine.fail(
        'io_error',
        `the disk’s driver ended (${ending.event}: ${ending.detail}); nothing can be kept any more`,
      )
  }

  /** The host accepts the module as it is now: that is what the world records of the manager from now on. */
  accepted(port: PortId, hash: string): void {
    const manager = this.machine.managers.at(port)
    invariant(manager !== null, 'MG73: what is accepted is a manager’s module', { port })
    manager.program = { ...manager.program, hash }
  }

  /** Snapshots the world, waits until that is recoverable, and keeps it still. */
  stop(): Promise<StopResult> {
    return new Promise((resolve) => run(this.machine.messenger, stopWorld(this.machine), resolve))
  }

  /** What is due now; milliseconds until the next turn is wanted. */
  turn(): number {
    const { machine } = this
    const tick = machine.tick()
    if (tick !== this.#tick) {
      this.#tick = tick
      watchLoci(machine)
      endUnnamed(machine)
      if (machine.across !== null) watchLends(machine, machine.across)
      endGuestsOfLost(machine)
    }
    beginIfAsked(machine)
    recoverIfWanted(machine)
    const waits = machine.waits.turn()
    const semaphores = machine.semaphores.turn(machine.clock.nowMs())
    closeOpened(machine)
    followEpoch(machine)
    const policy = captureByPolicy(machine)
    const inputs = flushInputs(machine)
    const visits = Math.min(runVisits(machine), expireCalls(machine))
    const others = Math.min(tellOthers(machine), deliverLetters(machine), visits)
    if (this.#isOpen() && this.#waiting.length > 0) for (const go of this.#waiting.splice(0)) go()
    return Math.min(waits, semaphores, policy, inputs, others, restMs)
  }

  #isOpen(): boolean {
    return this.machine.phase !== 'booting' && this.machine.phase !== 'recovering'
  }
}
