/** What a network driver's thread is started with, and what the host may say to it over the control port. */
import type { MachineId } from '@katydid/abi'
import type { LinkDrops, LinkOptions, Peer } from '@katydid/actor'
import type { MessagePort } from 'node:worker_threads'
import type { WirePlan } from './wires.js'

export interface NetworkData {
  readonly world: string
  readonly machine: MachineId
  /** How often the machine was started, from 1: the world keeps it and raises it at each start. */
  readonly incarnation: number
  readonly peers: readonly MachineId[]
  /** A folder for sockets; without it frames go by ports, which come by `connect`. */
  readonly folder?: string
  readonly link?: Pick<LinkOptions, 'beatMs' | 'silentBeats'>
  /** Simulated wires on which frames arrive, and the seed of what they do. */
  readonly wires?: WirePlan
  readonly seed?: number
}

/** For reports. */
export interface NetworkStatus {
  readonly peers: readonly Peer[]
  /** Calls that were made and have not ended, and calls of others that are remembered. */
  readonly underWay: number
  readonly remembered: number
  readonly dropped: LinkDrops
  /** Frames that the carrier dropped. */
  readonly notCarried: number
}

export interface NetworkControl {
  /** The port leads to that machine's driver; it comes in place of an earlier one. */
  connect(machine: number, port: MessagePort): void
  meet(machine: number): void
  /** The machine is removed from the world. */
  forget(machine: number): void
  /** Frames from that machine are lost on their way, until healed. */
  cut(from: number): void
  heal(from: number): void
  replan(plan: WirePlan): void
  status(): NetworkStatus
  stop(): void
}
