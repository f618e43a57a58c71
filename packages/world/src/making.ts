/** Containers and loci of a world as a host makes them: found by name on whichever machine this process has, else made on the one it names. */
import { containerCalls, durabilities, type Durability } from '@katydid/abi'
import {
  currentOf,
  defaultContainerBytes,
  enterProgram,
  findContainer,
  makeContainer,
  type Container,
} from './containers.js'
import { KatydidError } from './error.js'
import type { HostedMachine } from './hosted-machine.js'
import { destroyLocus, findLocus, makeLocus, resultOf, resumeLocus, suspendLocus } from './loci.js'
import { LocusWait } from './locus-wait.js'
import type { Machines } from './machines.js'
import { nameInUse, whoElseHas } from './names.js'
import { findProgram } from './programs.js'
import type { LocusHandle, OnMachine } from './world-types.js'

export interface ContainerOptions extends OnMachine {
  readonly name: string
  readonly size?: number
  readonly program?: string
  /** Name of the manager that shall keep its pages; default: the self-managing one. Of a container that is there it stays as it is. */
  readonly manager?: string
  readonly acceptChanged?: boolean
}

/** See `World.createContainer`. */
export async function createContainer(
  machines: Machines,
  options: ContainerOptions,
): Promise<Container> {
  const { name, manager = '', size = defaultContainerBytes } = options
  const program = options.program === undefined ? null : findProgram(options.program)
  const chosen = machines.of(options.machine)
  const found = await findHere(machines, name, manager)
  if (found !== null) {
    if (options.machine !== undefined && found.machine !== options.machine)
      throw nameInUse('container', name, found.machine)
    if (program !== null) {
      const { host } = await machines.lifeOf(found)
      await enterProgram(host, found, program, options.acceptChanged ?? false)
    }
    return found
  }
  if (machines.areSeveral) await refuseName(chosen, 'container', name)
  const life = await chosen.life()
  const made = await makeContainer(life, name, size, program, manager)
  if (machines.areSeveral) await keepUnlessElsewhere(chosen, made)
  return made
}

/** Machines that are down are left out: whether the name is new they are asked by way of the others. */
async function findHere(
  machines: Machines,
  name: string,
  manager: string,
): Promise<Container | null> {
  for (const each of machines.here) {
    if (machines.areSeveral && each.state === 'down') continue
    const found = await findContainer(await each.life(), name, manager)
    if (found !== null) return found
  }
  return null
}

async function refuseName(
  machine: HostedMachine,
  kind: 'container' | 'locus',
  name: string,
): Promise<void> {
  const [other] = await whoElseHas(machine, kind, name)
  if (other !== undefined) throw nameInUse(kind, name, other)
}

/** Another process may have made one of the name at the same time: whoever sees that gives its own up, so that no two stay. */
async function keepUnlessElsewhere(machine: HostedMachine, made: Container): Promise<void> {
  try {
    await refuseName(machine, 'container', made.name)
  } catch (error) {
    const life = await machine.life()
    const { capref: cont } = await currentOf(life, made)
    await life.host(containerCalls.containerDestroy, { cont })
    if (!(error instanceof KatydidError) || error.status !== 'bad_argument') throw error
    throw new KatydidError(
      'busy',
      `The container ${made.name} was made on two machines at once. Try again.`,
      true,
    )
  }
}

/** See `World.startLocus`. */
export async function startLocus(
  machines: Machines,
  container: Container,
  options: { readonly name: string; readonly args?: unknown },
): Promise<LocusHandle> {
  const { name, args } = options
  const machine = machines.of(container.machine)
  const { host } = machine
  const known = await findLocus(host, name)
  const locus = known?.locus ?? (await newLocus(machines, machine, container, name, args))
  return handleOf(machine, name, locus, known !== null)
}

async function newLocus(
  machines: Machines,
  machine: HostedMachine,
  container: Container,
  name: string,
  args: unknown,
): Promise<number> {
  if (machines.areSeveral) await refuseName(machine, 'locus', name)
  const life = await machine.life()
  return makeLocus(life.host, await currentOf(life, container), name, args)
}

function handleOf(
  machine: HostedMachine,
  name: string,
  locus: number,
  resumed: boolean,
): LocusHandle {
  const { host, events } = machine
  return {
    name,
    locus,
    machine: machine.machine,
    resumed,
    result: async ({ durable = 'recoverable' } = {}) => {
      checkDurable(durable)
      const block = await new LocusWait(host, events, name, locus, durable).end()
      // What it printed comes by another way: the result is told behind it.
      if (durable === 'recoverable') await machine.newest?.outputSettled()
      return { result: resultOf(block), resumed }
    },
    suspend: () => suspendLocus(host, name, locus),
    resume: () => resumeLocus(host, name, locus),
    destroy: () => destroyLocus(host, name, locus),
  }
}

/** A program without types may leave it out; the world's records have it as text. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string' && name !== '') return
  throw new KatydidError(
    'bad_argument',
    `A locus is found again by its name: give one, not ${String(name)}.`,
  )
}

export function checkDurable(durable: Durability): void {
  if (durabilities.includes(durable)) return
  throw new KatydidError('bad_argument', `Durable is ${durabilities.join(' or ')}, not ${durable}.`)
}
