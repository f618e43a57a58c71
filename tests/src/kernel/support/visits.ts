/** Visits of logged containers, as a locus's thread makes them: the words it writes, and what it tells the kernel. */
import {
  inputCalls,
  locusOfPort,
  managerDowncalls,
  type Capref,
  type ContainerSlot,
  type PortId,
  type ServiceLevel,
} from '@katydid/abi'
import { receive, stampOf } from '@katydid/memory'
import type { KernelWorld, LoggedInput } from './kernel-world.js'

export interface Home {
  readonly slot: ContainerSlot
  readonly cont: Capref
  readonly port: PortId
}

/** A container with a locus at rest in it. */
export async function home(world: KernelWorld, name: string, manager = ''): Promise<Home> {
  const cont = await world.container(name, 65536, manager)
  const port = await world.locus(cont, `in ${name}`)
  world.setState(port, 'resting')
  return { slot: slotOf(world, name), cont, port }
}

export const slotOf = (world: KernelWorld, name: string): ContainerSlot =>
  world.kernel.machine.containers.named(name)!.slot

/** A container without loci of its own, whose manager promises the level. */
export async function logged(
  world: KernelWorld,
  name: string,
  manager = '',
  level: ServiceLevel = 'deterministic',
): Promise<ContainerSlot> {
  await world.container(name, 65536, manager)
  promise(world, name, level)
  return slotOf(world, name)
}

/** Its manager says the level. */
export function promise(world: KernelWorld, name: string, serviceLevel: ServiceLevel): string {
  const { manager, token } = world.kernel.machine.containers.named(name)!
  const fake = world.managers.get(manager!)!
  const cont = fake.managed.get(token)!.capability
  return world.said(fake.messenger, managerDowncalls.qualityOfService, { cont, serviceLevel })
    .status
}

const noBlock = new Uint8Array(0)
export const input = (from: Home, world: KernelWorld, value: number): LoggedInput => ({
  sender: from.slot,
  sent: Number(stampOf(world.sim.region, from.slot).interval),
  locus: 1,
  name: '',
  block: Uint8Array.of(value),
  seed: Uint8Array.of(value),
  times: [value],
  calls: [{ cap: from.cont, asked: value, status: 'ok', detail: '', block: noBlock }],
  status: 'ok',
  detail: '',
  result: Uint8Array.of(value, value),
  messages: value,
})

const word = (
  world: KernelWorld,
  slot: ContainerSlot,
  field: 'turn' | 'level' | 'frames' | 'epoch',
): number => world.sim.region.containerWord(slot, field)

export const load = (
  world: KernelWorld,
  slot: ContainerSlot,
  field: 'turn' | 'level' | 'epoch',
): number => world.sim.region.words.load(word(world, slot, field))

export interface Stay {
  readonly from: Home
  readonly to: ContainerSlot
  readonly input: LoggedInput
}

/** One whole visit; answers whether it is a point, and the interval that it ended. `why`: what it did cannot be logged. `answeredMs`: how long the answer is waited for. */
export function visit(
  world: KernelWorld,
  from: Home,
  to: ContainerSlot,
  value: number,
  why: string | null = null,
  more: Partial<LoggedInput> = {},
  answeredMs = 20,
): { readonly point: boolean; readonly interval: number } {
  const stay = arrive(world, from, to, value, more)
  const { point, interval, leave } = end(world, stay, why, answeredMs)
  leave()
  return { point, interval }
}

/** A visit begins: it has the turn, and stands in the container. */
export function arrive(
  world: KernelWorld,
  from: Home,
  to: ContainerSlot,
  value: number,
  more: Partial<LoggedInput> = {},
): Stay {
  const { region } = world.sim
  region.words.store(word(world, to, 'turn'), locusOfPort(from.port) + 1)
  region.words.add(word(world, to, 'frames'), 1)
  const what = { ...input(from, world, value), ...more }
  receive(region, to, stampOf(region, from.slot))
  region.words.store(region.containerWord(to, 'written'), 1)
  return { from, to, input: what }
}

/** Its record is given to the kernel; until it leaves it is counted there. */
export function end(
  world: KernelWorld,
  { from, to, input: what }: Stay,
  why: string | null = null,
  answeredMs = 20,
): { readonly point: boolean; readonly interval: number; readonly leave: () => void } {
  const { region } = world.sim
  const back = stampOf(region, to)
  const args = { cont: to, input: why === null ? what : null, why: why ?? '' }
  const said = world.said(world.loci.get(from.port)!, inputCalls.inputLogged, args, answeredMs)
  if (said.status !== 'ok') throw new Error(`${said.status}: ${said.detail}`)
  const leave = (): void => {
    receive(region, from.slot, back)
    region.words.add(word(world, to, 'frames'), -1)
    region.words.compareExchange(word(world, to, 'turn'), locusOfPort(from.port) + 1, 0)
  }
  return { point: said.point, interval: Number(back.interval), leave }
}

/** The port of the manager by that name. */
export const portOfManager = (world: KernelWorld, name: string): PortId =>
  world.kernel.machine.managers.all().find(({ program }) => program.name === name)!.port
