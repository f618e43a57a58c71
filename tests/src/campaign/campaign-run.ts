/**
 * A simulated world and those that come after it: killed by power cuts, opened again from what the disk kept, through any number
 * of lives. Same seed, same lives.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import { CampaignHost } from './host.js'
import { randomProgram, readAll, writeAll } from './random-program.js'
import {
  lineOf,
  smallShape,
  WholeWorld,
  type Remains,
  type SimProgram,
  type WholeShape,
} from './whole-world.js'

/** A region of one container mapped into another, in pages. */
export interface Region {
  readonly to: string
  readonly from: string
  readonly at: number
  readonly length: number
  readonly sourceAt: number
  readonly rights: number
}

/** What a scripted run does. */
export interface Script {
  /** Containers that there are in every round, with their programs. */
  readonly containers: Readonly<Record<string, string>>
  /** Of this one the past is forked, into a container of the other name. */
  readonly source: string
  readonly fork: string
  /** What is mapped into what, as long as both are there. */
  readonly regions?: readonly Region[]
}

export interface RunShape {
  readonly world: WholeShape
  /** Of scripted runs; default: containers of the first manager and of the one that keeps nothing. */
  readonly script?: Script
  /** Whether a world that says that its disk is full has done all that can be asked. */
  readonly mayBeFull?: boolean
  /** Deeds of one locus from its begin to its end. */
  readonly deeds: number
  /** Pages of each container that loci use. */
  readonly pages: number
  /** Programs besides the random one. */
  readonly programs?: ReadonlyMap<string, SimProgram>
}

export const smallRun: RunShape = { world: smallShape, deeds: 120, pages: 30 }

export function programsOf({ deeds, pages, programs }: RunShape): Map<string, SimProgram> {
  return new Map([
    ...(programs ?? []),
    ['random', randomProgram(deeds, pages)],
    ['read', readAll],
    ['fill', writeAll],
  ])
}

export class CampaignRun {
  readonly shape: RunShape
  readonly random: Random
  world: WholeWorld
  host: CampaignHost
  lives = 1
  /** Virtual times at which managers were killed. */
  readonly kills: number[] = []
  /** Semaphores that the host ever had a capability for in this life. */
  readonly semaphores = new Set<number>()
  #operations = 0
  #hashes = ''
  #base: Uint8Array = new Uint8Array(0)

  private constructor(seed: number, shape: RunShape) {
    this.shape = { ...shape, world: { line: lineOf(seed), ...shape.world } }
    this.random = new Random(seed)
    this.world = this.#life(null)
    this.host = new CampaignHost(this.world)
  }

  /** A new world, open; `prepare` sees it before it boots. */
  static async begin(
    seed: number,
    shape: RunShape = smallRun,
    prepare: (run: CampaignRun) => void = () => {},
  ): Promise<CampaignRun> {
    const run = new CampaignRun(seed, shape)
    prepare(run)
    await run.#open()
    return run
  }

  /** Accesses and calls so far, each compared with the model. */
  get operations(): number {
    return this.#operations + this.world.operations
  }

  /** Equal for equal seeds. */
  get traceHash(): string {
    return `${this.#hashes}${this.world.sim.traceHash()}`
  }

  /** The power fails now: of writes no barrier covers, each sector is there or not. The world comes up again. */
  async cutPower(): Promise<void> {
    const cut = powerCut(this.#base, this.world.disk.journal.entries)
    const density = this.random.fraction()
    const image = crashImage(cut, () => this.random.chance(density))
    const { problems, seen } = this.world
    this.#operations += this.world.operations
    this.#hashes += `${this.world.sim.traceHash()} `
    this.world = this.#life(this.world.remains(image))
    this.world.problems.push(...problems)
    this.world.seen = seen
    this.host = new CampaignHost(this.world)
    this.#base = image
    this.lives++
    this.kills.length = 0
    this.semaphores.clear()
    await this.#open()
  }

  /** Kills the manager, unless it died so often of late that the kernel would give up. */
  killManager(): boolean {
    if (!this.#mayKill()) return false
    const [other] = this.world.others
    if (other !== undefined && this.random.chance(0.3)) this.world.killManager('killed', other)
    else this.world.killManager()
    return true
  }

  /** Kills the first manager as it is about to make that call. */
  killManagerAt(call: string): boolean {
    if (!this.#mayKill()) return false
    this.world.killManagerAt(call)
    return true
  }

  #mayKill(): boolean {
    const now = this.world.sim.clock.nowMs()
    if (this.world.manager === null || this.kills.filter((at) => now - at < 60_000).length >= 4)
      return false
    this.kills.push(now)
    return true
  }

  async #open(): Promise<void> {
    const { status, detail } = await this.world.open()
    if (status !== 'ok') this.world.problems.push(`boot: ${status}, ${detail}`)
    if (this.world.boot?.damage !== null)
      this.world.problems.push(`a power cut is no damage: ${this.world.boot?.damage}`)
  }

  #life(remains: Remains | null): WholeWorld {
    return new WholeWorld(this.random.next(), this.shape.world, programsOf(this.shape), remains)
  }
}
