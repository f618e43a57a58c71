/** A disk on real threads: driver and barrier thread over a real file, the owners' ports on the test's thread. */
import fs from 'node:fs'
import path from 'node:path'
import {
  actorPorts,
  asGeneration,
  asPort,
  defaultShape,
  type AnySignature,
  type ArgsOf,
  type PortId,
  type Reply,
  capabilityTables,
  entityKinds,
  rights,
} from '@katydid/abi'
import { Counters, Region, spawnActor, type Endpoint, type SpawnedActor } from '@katydid/actor'
import type {
  BarrierControl,
  BarrierData,
  DiskControl,
  DiskData,
  FaultPlan,
} from '@katydid/devices'
import type { DiskUnderTest } from '@katydid/devices/testing/conformance.js'
import { pollUntil, portHere } from '../actor/actors.js'

export interface ThreadOptions {
  readonly segmentBlocks: number
  readonly segments: number
  readonly faults?: FaultPlan
  /** Faults of the barrier thread alone. */
  readonly barrierFaults?: FaultPlan
  /** What the file holds at first. */
  readonly image?: Uint8Array
}

const owners = [actorPorts.firstManager, asPort(actorPorts.firstManager + 1)] as const
const workers = import.meta.resolve('@katydid/devices/disk.worker.js')

/** What the kernel would write into the owner's table. */
export function grantDisk(region: Region, owner: PortId, bits: number): void {
  const table = capabilityTables.ofActor(region.plan.shape, owner)
  const store = (field: 'kind' | 'slot' | 'generation' | 'rights', value: number): void =>
    region.words.store(region.capabilityWord(table, 3, field), value)
  store('kind', entityKinds.none)
  store('slot', actorPorts.disk)
  store('generation', 1)
  store('rights', bits)
  store('kind', bits === 0 ? entityKinds.none : entityKinds.disk)
}

export class DiskThreads implements DiskUnderTest {
  readonly owners = owners
  readonly blockBytes = 4096
  readonly region: Region
  readonly fd: number
  readonly #options: ThreadOptions
  readonly #endpoints: ReadonlyMap<PortId, Endpoint>
  #generation = 0
  #isClosed = false
  #barrier: SpawnedActor<BarrierControl> | null = null
  #driver: SpawnedActor<DiskControl> | null = null

  private constructor(folder: string, options: ThreadOptions) {
    this.region = Region.create({ ...defaultShape, frames: 64, maxLoci: 1, tableBytes: 65536 })
    fs.writeFileSync(path.join(folder, 'disk'), options.image ?? new Uint8Array(0))
    this.fd = fs.openSync(path.join(folder, 'disk'), 'r+')
    this.#options = options
    for (const owner of owners) grantDisk(this.region, owner, rights.read | rights.write)
    this.#endpoints = new Map(owners.map((owner) => [owner, portHere(this.region, owner).endpoint]))
  }

  static start(folder: string, options: ThreadOptions): Promise<DiskThreads> {
    const disk = new DiskThreads(folder, options)
    disk.#spawn()
    return Promise.resolve(disk)
  }

  get control(): SpawnedActor<DiskControl>['control'] {
    return this.#driver!.control
  }

  get ended(): SpawnedActor<DiskControl>['ended'] {
    return this.#driver!.ended
  }

  counters(port: PortId): Counters {
    return new Counters(this.region, port)
  }

  async ask<S extends AnySignature>(
    owner: PortId,
    signature: S,
    args: ArgsOf<S>,
  ): Promise<Reply<S>> {
    const endpoint = this.#endpoints.get(owner)!
    let reply: Reply<S> | null = null
    endpoint.call(actorPorts.disk, signature, args, (answer) => {
      reply = answer
    })
    await pollUntil(endpoint, () => reply !== null)
    return reply!
  }

  read(block: number): Uint8Array {
    const bytes = new Uint8Array(this.blockBytes)
    fs.readSync(this.fd, bytes, 0, bytes.length, block * this.blockBytes)
    return bytes
  }

  async crash(): Promise<void> {
    await this.#end()
    this.#spawn()
  }

  async endBarrierThread(): Promise<void> {
    await this.#barrier?.terminate('the test ends it')
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#end()
    fs.closeSync(this.fd)
  }

  async #end(): Promise<void> {
    await this.#driver?.terminate('the test ends it')
    await this.#barrier?.terminate('the test ends it')
  }

  #spawn(): void {
    const { segmentBlocks, segments, faults, barrierFaults = faults } = this.#options
    const withFaults = (plan: FaultPlan | undefined): BarrierData =>
      plan === undefined ? { fd: this.fd } : { fd: this.fd, faults: plan }
    const diskData: DiskData = {
      ...withFaults(faults),
      segmentBlocks,
      bytes: (segments + 1) * segmentBlocks * this.blockBytes,
    }
    this.#generation += 1
    const common = { region: this.region.handle, generation: asGeneration(this.#generation) }
    this.#barrier = spawnActor<BarrierControl>({
      ...common,
      file: new URL('barrier.worker.js', workers),
      name: 'barrier',
      port: actorPorts.barrier,
      data: withFaults(barrierFaults),
    })
    this.#driver = spawnActor<DiskControl>({
      ...common,
      file: new URL('disk.worker.js', workers),
      name: 'disk',
      port: actorPorts.disk,
      data: diskData,
    })
  }
}
