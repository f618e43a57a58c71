/** What a machine of several knows of the world beyond it. It decides nothing itself; the files beside it do. A machine alone has none. */
import type { MachineId, ResultOf, networkCalls } from '@katydid/abi'
import { invariant, type RemoteCalls } from '@katydid/actor'
import type { LineRecord } from '../state-interval/records.js'
import { Ends, type Ended } from './ends.js'
import type { Delivery } from './deliver.js'
import { KnownOfOthers } from './known-of-others.js'
import { PeerStream } from './peer-stream.js'
import type { Invited } from './session-requests.js'

/** The other machines of the world, and the way to their kernels. */
export interface OtherMachines {
  readonly self: MachineId
  readonly others: readonly MachineId[]
  readonly remote: RemoteCalls
}

/** A recovery that this machine takes part in and another coordinates. */
interface Joined {
  readonly recovery: number
  readonly coordinator: MachineId
  /** The link with the coordinator then: over a later one nothing more of it comes. */
  readonly link: number
}

type Peer = ResultOf<typeof networkCalls.linkPeers>['peers'][number]

export class Across {
  readonly self: MachineId
  readonly remote: RemoteCalls
  /** By machine. */
  readonly streams: ReadonlyMap<MachineId, PeerStream>
  readonly known = new KnownOfOthers()
  readonly ends = new Ends()
  /** The number of the last recovery over machines that was decided here. */
  recovery = 0
  /** The highest number that was heard of. */
  highest = 0
  /** The highest epoch that was heard of. */
  epoch = 0
  /** Of each own unit the newest point that was told. */
  readonly told = new Map<number, number>()
  /** Letters on their way, by pair. */
  readonly deliveries = new Map<string, Delivery>()
  /** Since when letters wait for the capture of who is to receive them. */
  readonly held = new Map<string, number>()
  /** What has been asked of this machine in recoveries, and is not answered. */
  requests: Invited[] = []
  /** The recovery that this machine coordinates; 0: none. */
  coordinating = 0
  /** The recovery that it has joined, and who coordinates that; nil: none. */
  joined: Joined | null = null
  /** Others were in a recovery without it: it has to begin one. */
  mustAgree = false
  /** How often letters that never were sent came, and were dropped. */
  orphansDropped = 0
  readonly #peers = new Map<MachineId, Peer>()
  /** How often a link with each was made: by a new driver there, or here, or after silence. */
  readonly #links = new Map<MachineId, number>()

  constructor({ self, others, remote }: OtherMachines) {
    invariant(!others.includes(self), 'SI160: the others are others', { self })
    this.self = self
    this.remote = remote
    this.streams = new Map(others.map((each) => [each, new PeerStream()]))
  }

  get others(): MachineId[] {
    return [...this.streams.keys()]
  }

  /** Whether calls on it have a chance to be answered. */
  isPresent(machine: MachineId): boolean {
    return this.#peers.get(machine)?.state === 'present'
  }

  /** Which link with it there is, by a number that rises; 0: none. */
  linkOf(machine: MachineId): number {
    return this.isPresent(machine) ? this.#links.get(machine)! : 0
  }

  /** The incarnation of it that was heard of last: another one has nothing of what that had in memory. 0: none. */
  incarnationOf(machine: MachineId): number {
    return this.#peers.get(machine)?.incarnation ?? 0
  }

  /** How it is with a machine now; what was told to an earlier incarnation of it, or before it was silent, is told anew. */
  heard(peer: Peer): void {
    this.#peers.set(peer.machine, peer)
    if (peer.state !== 'present') return
    this.#links.set(peer.machine, (this.#links.get(peer.machine) ?? 0) + 1)
    this.streams.get(peer.machine)?.beginAnew()
  }

  /** Everything is told anew, and all letters are sent again. */
  beginAnew(): void {
    for (const stream of this.streams.values()) stream.beginAnew()
    this.told.clear()
    this.deliveries.clear()
    this.held.clear()
  }

  /** Another machine is in this epoch. */
  hearEpoch(epoch: number): void {
    this.epoch = Math.max(this.epoch, epoch)
  }

  /** Another machine knows of a recovery with this number. */
  hearRecovery(number: number): void {
    this.highest = Math.max(this.highest, number)
  }

  /** What the machine's last line record says, at boot. */
  restore({ recovery, ended }: Pick<LineRecord, 'recovery' | 'ended'>): void {
    for (const each of ended ?? []) this.ends.add(each)
    this.recovery = recovery?.decided ?? 0
    this.hearRecovery(recovery?.highest ?? 0)
  }

  /** A recovery over machines was decided: nothing that it went back over counts any more. */
  decide(recovery: number, back: readonly Ended[], ended: readonly Ended[]): void {
    invariant(recovery > this.recovery, 'SI171: numbers of recoveries rise', {
      recovery,
      last: this.recovery,
    })
    for (const each of [...ended, ...back]) this.ends.add(each)
    this.recovery = recovery
    this.mustAgree = false
    this.hearRecovery(recovery)
    this.known.forget(back.map(({ unit, end }) => [unit, end]))
    this.beginAnew()
  }
}
