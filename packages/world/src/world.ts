/**
 * An open world, as its host sees it: promises and copies only, never a view, never a blocking call.
 *
 * Everything here is a call on a kernel or a wait for an event; nothing is decided. Where the world has several machines, containers and loci are found on
 * whichever of those that this process has.
 */
import path from 'node:path'
import {
  asPort,
  containerCalls,
  locusCalls,
  masterRights,
  type Capref,
  type MachineShape,
  type WorldEvent,
} from '@katydid/abi'
import type { ChromeTrace } from '@katydid/actor'
import { closeMachines } from './closing.js'
import { currentOf, type Container } from './containers.js'
import { KatydidError } from './error.js'
import type { MachineEventOf } from './events.js'
import { grant, map, type MappedRegion } from './granting.js'
import { must } from './host-call.js'
import { findLocus, resultOf } from './loci.js'
import type { MachinePart } from './machine.js'
import type { Machines } from './machines.js'
import {
  checkDurable,
  checkName,
  createContainer,
  startLocus,
  type ContainerOptions,
} from './making.js'
import { addCounters, sumCounters, type CounterSums } from './progress.js'
import { snapshotOf } from './snapshotting.js'
import { statusOf } from './status.js'
import { joinTraces, traceOf } from './traces.js'
import { WorldPast } from './world-past.js'
import type {
  LocusHandle,
  MachineView,
  OnMachine,
  Recovery,
  RunOptions,
  RunResult,
  WorldStatus,
} from './world-types.js'

interface KnownManager {
  readonly port: number
  readonly name: string
}

/** How often `run` makes what the world lost before it was ever recoverable. */
const mostTries = 20

export class World extends WorldPast {
  /** Of each of its machines. */
  readonly shape: MachineShape
  readonly recovery: Recovery
  readonly #release: () => Promise<void>
  #held = true
  /** What is made by name is made one after the other, so that no two of one process have one name. */
  #naming: Promise<unknown> = Promise.resolve()

  constructor(options: {
    readonly machines: Machines
    readonly shape: MachineShape
    readonly recovery: Recovery
    /** Ends the machines and lets go of the directory. */
    readonly release: () => Promise<void>
  }) {
    super(options.machines)
    this.shape = options.shape
    this.recovery = options.recovery
    this.#release = options.release
  }

  /**
   * Runs a program in a container and a locus of its name, making both unless the world holds them already: then the
   * locus goes on from where it was, or, if it had ended, its stored result is answered at once. Resolves when the
   * result is recoverable; with `durable: 'volatile'` when it is there. Rejects with the status of what went wrong.
   */
  async run(program: string, options: RunOptions = {}): Promise<RunResult> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#runOnce(program, options)
      } catch (error) {
        // The world went back to before container or locus were made: nothing was promised yet, so they are made again.
        if (!(error instanceof KatydidError) || !error.again || tries === mostTries) throw error
      }
    }
  }

  async #runOnce(program: string, options: RunOptions): Promise<RunResult> {
    const { durable = 'recoverable', machine } = options
    checkDurable(durable)
    const name = options.name ?? path.basename(program).replace(/\.[^.]+$/, '')
    const container = await this.createContainer({
      name: options.container?.name ?? name,
      program,
      ...(machine === undefined ? {} : { machine }),
      ...(options.container?.size === undefined ? {} : { size: options.container.size }),
      ...(options.container?.manager === undefined ? {} : { manager: options.container.manager }),
      acceptChanged: options.acceptChanged ?? false,
    })
    const known = await findLocus(this.here.of(container.machine).host, name)
    if (known?.end === 'ok' && known.recoverable)
      return { result: resultOf(known.block), resumed: true, stored: true }
    const handle = await this.startLocus(container, { name, args: options.args })
    return { ...(await handle.result({ durable })), stored: false }
  }

  /**
   * The container of that name: found, or made on that machine (default: the first that this process has), adopted and given its program. Names are used once in
   * a world, so a new one needs all of its machines: `unreachable` while one of them is away, `bad_argument` when another has it.
   */
  async createContainer(options: ContainerOptions): Promise<Container> {
    this.mustBeOpen()
    return this.#inTurn(() => createContainer(this.here, options))
  }

  /**
   * Gives whatever runs in `to` a capability for `container`, with all rights unless fewer are named. What is answered goes into
   * a program's arguments: `locus.invoke(capref)`. The two may be on different machines, of which this process has both (`unreachable`: it has not).
   */
  async grant(
    to: Container,
    container: Container,
    granted: number = masterRights,
  ): Promise<Capref> {
    this.mustBeOpen()
    return grant(this.here, to, container, granted)
  }

  /**
   * Maps a region of `source` into `to`: programs there reach it by a window at `at`. All numbers are multiples of the page size; for
   * reading only unless `write`. The same again is ok. It is part of every snapshot, like the containers themselves. `not_supported` when the two are on
   * different machines.
   */
  async map(to: Container, source: Container, region: MappedRegion): Promise<void> {
    this.mustBeOpen()
    await map(this.here, to, source, region)
  }

  /**
   * The locus of that name: found as it is, or made on the container's machine to invoke it with these arguments. Rejects with `bad_argument` without a name, or
   * when the name is another machine's.
   */
  async startLocus(
    container: Container,
    options: { readonly name: string; readonly args?: unknown },
  ): Promise<LocusHandle> {
    checkName(options.name)
    this.begin()
    return this.#inTurn(() => startLocus(this.here, container, options))
  }

  /** Machines of one world make what has a name one after the other; a world of one has its kernel for that. */
  #inTurn<T>(make: () => Promise<T>): Promise<T> {
    if (!this.here.areSeveral) return make()
    const made = this.#naming.then(make)
    this.#naming = made.catch(() => undefined)
    return made
  }

  /** Lets the loci of a world that was opened with `hold` go on. */
  begin(): void {
    this.mustBeOpen()
    this.#held = false
    for (const each of this.here.here) each.begin()
  }

  /**
   * Captures the world; answers the capture's number when it is recoverable (`durable`, the default) or taken. Its line is kept in a
   * world that keeps any, unless `keep` is false. Of several machines it is all that this process has, or the one that is named; each numbers its captures by itself, and the highest number is answered.
   */
  async snapshot(
    options: OnMachine & { readonly durable?: boolean; readonly keep?: boolean } = {},
  ): Promise<number> {
    this.mustBeOpen()
    return snapshotOf(this.here.chosen(options.machine), options)
  }

  /** The container is gone for good once a snapshot taken after this is recoverable. `busy` while a locus is in it. */
  async destroyContainer(container: Container): Promise<void> {
    this.mustBeOpen()
    const life = await this.here.lifeOf(container)
    const { capref: cont } = await currentOf(life, container)
    const about = `container ${container.name}`
    await must(life.host, about, containerCalls.containerDestroy, { cont })
  }

  /** Containers, loci, intervals and the line, as data: of all machines that this process has and that run, or of the one that is named. */
  async status(options: OnMachine = {}): Promise<WorldStatus> {
    this.mustBeOpen()
    return statusOf(this.here, options.machine)
  }

  /** All machines of the world, those of other processes too, as this process sees them. */
  async machines(): Promise<readonly MachineView[]> {
    this.mustBeOpen()
    return this.here.views()
  }

  /** Sums of the counters of all machines that this process has, or of the one that is named, each since it was started last. */
  counters(options: OnMachine = {}): CounterSums {
    const regions = this.here.chosen(options.machine).flatMap(({ newest }) => newest?.region ?? [])
    return addCounters(regions.map((region) => sumCounters(region)))
  }

  /** The newest trace events of every actor and locus, in Chrome's trace format, each machine a process of its own. */
  trace(options: OnMachine = {}): ChromeTrace {
    const regions = this.here.chosen(options.machine).flatMap(({ newest }) => newest?.region ?? [])
    return joinTraces(regions.map((region) => traceOf(region)))
  }

  /**
   * Calls `listener` at each event of the kind, with the machine on which it happened. Answers what ends that. A line of `output` counts as told when it has returned; lines that
   * came before anybody listened come to the first who does, 128 of them at most.
   */
  on<K extends WorldEvent['kind']>(
    kind: K,
    listener: (event: MachineEventOf<K>) => void,
  ): () => void {
    const stop = this.here.here.map(({ events, machine }) =>
      events.on(kind, (event) => listener({ ...event, machine })),
    )
    return () => {
      for (const each of stop) each()
    }
  }

  /**
   * Ends the worker of an actor wherever it is, for demonstrations and tests. Without its manager a machine goes on, and without its network driver, which is started again;
   * without its kernel or disk it stops, with everything recoverable on the disk. One of several is started again then.
   */
  async crash(part: MachinePart, options: OnMachine = {}): Promise<void> {
    this.mustBeOpen()
    await (await this.here.of(options.machine).life()).crash(part)
  }

  /** Ends the worker of the manager of that name (default: the first), as `crash` does. */
  async crashManager(name?: string, options: OnMachine = {}): Promise<void> {
    if (name === undefined) return this.crash('manager', options)
    this.mustBeOpen()
    const life = await this.here.of(options.machine).life()
    const { report } = await must(life.host, 'status', locusCalls.worldStatus, {})
    const { managers } = report as { managers: readonly KnownManager[] }
    const found = managers.find((each) => each.name === name)
    if (found === undefined)
      throw new KatydidError('no_manager', `The world has no manager by the name ${name}.`)
    await life.crash('manager', asPort(found.port))
  }

  /**
   * Ends all threads of a machine at once, as a loss of power does; the others run on. Settles when none of them can write any more. It stays down until
   * `restartMachine`, or is started again at once with `restart`. Rejects with `not_supported` in a world of one machine.
   */
  async killMachine(machine: number, options: { readonly restart?: boolean } = {}): Promise<void> {
    this.mustBeOpen()
    this.#mustHaveSeveral()
    await this.here.of(machine).kill(options.restart ?? false)
  }

  /** Starts a machine that is down, and waits until it is as it was. One that runs stays as it is. Rejects with what keeps it from starting. */
  async restartMachine(machine: number): Promise<void> {
    this.mustBeOpen()
    this.#mustHaveSeveral()
    await this.here.of(machine).restart()
  }

  #mustHaveSeveral(): void {
    if (this.here.areSeveral) return
    throw new KatydidError(
      'not_supported',
      `The world in ${this.dir} has one machine: close it and open it again.`,
    )
  }

  /** Takes a last durable snapshot, ends every thread and lets go of the directory. Doing it twice is ok. */
  close(): Promise<void> {
    this.closed ??= closeMachines(this.here, { takesSnapshot: !this.#held }).then(this.#release)
    return this.closed
  }
}
