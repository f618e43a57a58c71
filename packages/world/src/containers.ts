/** Containers as a host uses them: found or made, adopted by a manager, given a program. */
import { containerCalls, managerRequests, type Capref } from '@katydid/abi'
import { KatydidError } from './error.js'
import { must, refused, type HostCall } from './host-call.js'
import type { Program } from './programs.js'

/** A container of the world, as its host knows it. */
export interface Container {
  readonly name: string
  readonly size: number
  /** The machine that it is on. */
  readonly machine: number
  /** The host's capability for it, in the life of the machine in which it was made or found. */
  readonly capref: Capref
  readonly incarnation: number
  /** The program an invoke enters; null when there is none. */
  readonly program: Program | null
}

/** Size of a container nobody gave a size: its pages take room only when they are touched. */
export const defaultContainerBytes = 1024 ** 3

/** A life of a machine, as far as containers need it. */
export interface ContainerHost {
  readonly machine: number
  readonly incarnation: number
  readonly host: HostCall
}

/** The container as this life of its machine knows it: the host has no capability of an earlier one. */
export async function currentOf(on: ContainerHost, container: Container): Promise<Container> {
  if (container.incarnation === on.incarnation) return container
  const { name } = container
  const found = name === '' ? null : await findContainer(on, name)
  if (found !== null) return found
  throw new KatydidError(
    'no_such_container',
    `The container ${name} is gone: its machine was started again from a state before it was made. Make it again.`,
    true,
  )
}

/** The container of that name, adopted if it was not yet (by the manager named; empty: the first), or null. */
export async function findContainer(
  { host, machine, incarnation }: ContainerHost,
  name: string,
  manager = '',
): Promise<Container | null> {
  const reply = await host(containerCalls.containerFind, { name })
  if (reply.status === 'no_such_container') return null
  if (reply.status !== 'ok') throw refused(`container ${name}`, reply)
  // A process that was killed after container_create has left it without a manager.
  if (!reply.managed) await adopt(host, `container ${name}`, reply.cont, manager)
  const { cont: capref, size, program } = reply
  return { name, size, machine, incarnation, capref, program }
}

async function adopt(host: HostCall, about: string, cont: Capref, manager: string): Promise<void> {
  const { success } = await must(host, about, managerRequests.manageRequest, { cont, manager })
  if (success) return
  const who = manager === '' ? 'the manager of this machine' : `the manager ${manager}`
  throw new KatydidError('no_manager', `${about}: ${who} does not take it on.`)
}

/** Makes a container, has the manager of that name (empty: the first) adopt it and gives it its program. */
export async function makeContainer(
  { host, machine, incarnation }: ContainerHost,
  name: string,
  size: number,
  program: Program | null,
  manager: string,
): Promise<Container> {
  const about = `container ${name}`
  const { cont } = await must(host, about, containerCalls.containerCreate, { name, size })
  try {
    await adopt(host, about, cont, manager)
  } catch (error) {
    // Nobody can use it: it would only keep its name from being used.
    await host(containerCalls.containerDestroy, { cont })
    throw error
  }
  if (program !== null)
    await must(host, about, containerCalls.setInvocationPoint, { cont, program })
  return { name, size, machine, incarnation, capref: cont, program }
}

/**
 * Sees to it that the container enters `program`. Another content than the recorded one is refused with
 * `program_changed` unless accepted; the same content in another place is not a change.
 */
export async function enterProgram(
  host: HostCall,
  container: Container,
  program: Program,
  acceptChanged: boolean,
): Promise<void> {
  const known = container.program
  if (known !== null && known.hash === program.hash && known.module === program.module) return
  if (known !== null && known.hash !== program.hash && !acceptChanged)
    throw new KatydidError(
      'program_changed',
      `The program of container ${container.name} has changed since the world recorded it (${known.module}). Accept the new content explicitly, or use another world.`,
    )
  await must(host, `container ${container.name}`, containerCalls.setInvocationPoint, {
    cont: container.capref,
    program,
  })
}
