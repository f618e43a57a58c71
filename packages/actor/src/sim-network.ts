/**
 * Several simulated machines in one order: one clock, one seed, each with a region, ports and mail of its own. What joins them
 * (wires, disks that outlive a machine) is added as a source. A machine that crashes is gone with everything in it; it comes back as a
 * new `Simulator` of the same number, with a new region.
 */
import type { MachineId } from '@katydid/abi'
import { invariant } from './invariant.js'
import type { Simulator } from './sim.js'
import { runSteps, runStepsUntil, SimOrder, type SimSource } from './sim-order.js'
import { SimTasks, type SimTask } from './sim-tasks.js'

export class SimNetwork {
  /** What machines and wires share. */
  readonly order: SimOrder
  readonly #machines = new Map<MachineId, Simulator>()
  readonly #tasks: SimTasks

  constructor(seed: number) {
    this.order = new SimOrder(seed)
    this.#tasks = new SimTasks(this.order.clock, this.order.hash)
    this.order.add(this.#tasks)
  }

  get clock(): SimOrder['clock'] {
    return this.order.clock
  }

  get random(): SimOrder['random'] {
    return this.order.random
  }

  /** A machine that runs; undefined while it does not. Made by `new Simulator(network, { machine })`. */
  machine(id: MachineId): Simulator | undefined {
    return this.#machines.get(id)
  }

  /** Called by a simulator that joins. */
  enter(id: MachineId, machine: Simulator): void {
    invariant(!this.#machines.has(id), 'NW19: a machine runs once at a time', { id })
    this.#machines.set(id, machine)
  }

  /** Every actor and task of the machine ends now, and its mail is gone. What is on the wires stays there. */
  crash(id: MachineId): void {
    const machine = this.#machines.get(id)
    if (machine === undefined) return
    machine.crashAll()
    this.#machines.delete(id)
    this.order.hash.add(0xdead)
    this.order.hash.add(id)
  }

  /** Adds what belongs to no machine: it takes its turns in the same order. */
  add(source: SimSource): void {
    this.order.add(source)
  }

  /** Adds a thread of code outside of all machines. */
  task(name: string, task: SimTask): void {
    this.#tasks.add(name, task)
  }

  /** Does one thing that can happen next on any machine or wire; see `Simulator.step`. */
  step(untilMs = Infinity): boolean {
    return this.order.step(untilMs)
  }

  run(untilMs: number): void {
    runSteps(this, untilMs)
  }

  runUntil(condition: () => boolean, untilMs = Infinity): boolean {
    return runStepsUntil(this, condition, untilMs)
  }

  traceHash(): string {
    return this.order.hash.text()
  }
}
