/**
 * Containers mapped into one another in a simulated world: loci load and store at random through mappings and at home, some of them for
 * long without a safepoint; captures, lost loci, dead managers and power cuts come at any moment.
 *
 * What each container did and what it knows of others is counted beside it, without intervals or epochs; each time the world has gone
 * back, nobody may know what has not happened, and what was moved between containers is there once.
 */
import { rights } from '@katydid/abi'
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import { CampaignHost } from './host.js'
import { readAll } from './random-program.js'
import type { SimLocus } from './sim-locus.js'
import { smallShape, WholeWorld, type Remains, type SimProgram } from './whole-world.js'
import type { WorldModel } from './world-model.js'

type Steps = Generator<'step' | number | (() => boolean), void, void>

interface Way {
  readonly supplier: string
  readonly at: number
  readonly length: number
  readonly writable: boolean
}

const pageBytes = 4096
const ownPages = 6
const sharedPages = 3
/** Where each page has the word that values are moved to and from. */
const account = 24
const words = [0, 8, 2044, 4092]

export interface MappedOptions {
  /** Accesses of a locus from its begin to its end. */
  readonly deeds: number
  /** How often a locus comes to a safepoint after a deed. */
  readonly safepoints: number
}

export class MappedRun {
  readonly random: Random
  readonly names: readonly string[]
  readonly ways = new Map<string, Way[]>()
  world: WholeWorld
  host: CampaignHost
  readonly options: MappedOptions
  lives = 1
  #base: Uint8Array = new Uint8Array(0)
  #started = 0
  #killedAt: number[] = []

  constructor(seed: number, options: MappedOptions) {
    this.options = options
    this.random = new Random(seed)
    this.names = ['a', 'b', 'c', 'd'].slice(0, 2 + this.random.below(3))
    this.#drawWays()
    this.world = this.#life(null)
    this.host = new CampaignHost(this.world)
  }

  /** Makes the containers, maps them, and has that captured. */
  async begin(): Promise<void> {
    await this.world.open()
    for (const name of this.names) {
      await this.host.create(name, ownPages + this.names.length * sharedPages)
      await this.host.adopt(name)
      await this.host.setProgram(name, 'mapped')
    }
    for (const [name, ways] of this.ways)
      for (const { supplier, at, length, writable } of ways) {
        const [cont, source] = [await this.host.find(name), await this.host.find(supplier)]
        const given = writable ? rights.read | rights.write : rights.read
        const args = { cont, at, length, source, sourceAt: 0, rights: given }
        await this.host.call('container_map', args, 'ok')
        const { containers } = this.world.model
        const { identity } = containers.get(supplier)!
        const to = containers.get(name)!
        const mapping = { at, length, source: identity, sourceAt: 0, rights: given, right: null }
        to.mappings = [...to.mappings, mapping]
        this.world.mappingChanges++
      }
    await this.host.snapshot(true)
  }

  /** One thing that happens: loci run most of the time. */
  async step(): Promise<void> {
    const { random, world, host } = this
    const what = random.below(20)
    if (what < 8) world.run(1 + random.below(random.chance(0.2) ? 2_500 : 40))
    else if (what < 13)
      await host.start(`l${this.#started++}`, this.names[random.below(this.names.length)]!)
    else if (what < 16) await host.snapshot(random.chance(0.3))
    else if (what < 18) this.#killLocus()
    else if (what < 19) this.#killManager()
    else await this.cutPower()
  }

  /** The power fails, and the world comes up again. */
  async cutPower(): Promise<void> {
    const cut = powerCut(this.#base, this.world.disk.journal.entries)
    const density = this.random.fraction()
    const image = crashImage(cut, () => this.random.chance(density))
    const { problems } = this.world
    this.world = this.#life(this.world.remains(image))
    this.world.problems.push(...problems)
    this.host = new CampaignHost(this.world)
    this.#base = image
    this.#killedAt = []
    this.lives++
    const { status, detail } = await this.world.open()
    if (status !== 'ok') this.world.problems.push(`boot: ${status}, ${detail}`)
  }

  #killLocus(): void {
    const ports = this.world.lociPorts()
    if (ports.length > 0) this.world.killLocus(ports[this.random.below(ports.length)]!)
  }

  #killManager(): void {
    const now = this.world.sim.clock.nowMs()
    const recent = this.#killedAt.filter((at) => now - at < 60_000)
    if (this.world.manager === null || recent.length >= 4) return
    this.#killedAt = [...recent, now]
    this.world.killManager()
  }

  /** Later containers are mapped into earlier ones; most may be written. */
  #drawWays(): void {
    for (const [index, name] of this.names.entries()) {
      const ways: Way[] = []
      for (const [later, supplier] of this.names.entries()) {
        if (later <= index || (later > index + 1 && !this.random.chance(0.6))) continue
        const at = (ownPages + later * sharedPages) * pageBytes
        const writable = this.random.chance(0.75)
        ways.push({ supplier, at, length: sharedPages * pageBytes, writable })
      }
      this.ways.set(name, ways)
    }
  }

  #life(remains: Remains | null): WholeWorld {
    const programs = new Map<string, SimProgram>([
      ['mapped', (locus) => this.#program(locus)],
      ['read', readAll],
    ])
    const shape = { ...smallShape, frames: 48, snapshotEveryMs: 60 }
    const world = new WholeWorld(this.random.next(), shape, programs, remains)
    world.check = (model) => [...model.orphans(), ...unbalanced(model)]
    return world
  }

  *#program(locus: SimLocus): ReturnType<SimProgram> {
    const { deeds, safepoints } = this.options
    const ways = this.ways.get(locus.container)!
    while (locus.model.registers[0]! < BigInt(deeds)) {
      yield* this.#deed(locus, ways)
      locus.setRegister(0, locus.model.registers[0]! + 1n)
      if (locus.random.chance(safepoints)) yield* locus.safepoint()
    }
    return new Uint8Array(0)
  }

  #deed(locus: SimLocus, ways: readonly Way[]): Steps {
    const { random } = locus
    const own = random.below(sharedPages) * pageBytes + words[random.below(words.length)]!
    const way = ways[random.below(Math.max(1, ways.length))]
    const what = random.below(10)
    // At work without an access to memory, and without a safepoint.
    if (random.chance(0.02)) return locus.sleep(random.below(random.chance(0.3) ? 2_500 : 100))
    if (way === undefined || what < 2) return discard(locus.load(own))
    if (what < 4) return locus.store(own, random.next() | 0)
    if (what < 7 || !way.writable) return discard(locus.load(way.at + own))
    if (what < 9) return locus.store(way.at + own, random.next() | 0)
    return move(locus, way)
  }
}

function* discard(steps: Generator<'step' | number | (() => boolean), unknown, void>): Steps {
  yield* steps
}

/** Moves a value from a word at home to one of the supplier, which others may be moving to as well. */
function* move(locus: SimLocus, way: Way): Steps {
  const amount = 1 + locus.random.below(100)
  const at = locus.random.below(sharedPages) * pageBytes + account
  yield* add(locus, at, -amount)
  yield* add(locus, way.at + at, amount)
}

function* add(locus: SimLocus, offset: number, by: number): Steps {
  yield* locus.atomic(
    offset,
    (window, at) => window.add(at, by),
    (before) => (before + by) | 0,
  )
}

/** What was moved is there once. */
function unbalanced(model: WorldModel): string[] {
  let sum = 0
  for (const { words: held } of model.containers.values())
    for (const [offset, value] of held) if (offset % pageBytes === account) sum += value
  return sum === 0 ? [] : [`${sum} got lost or came twice when it was moved between containers`]
}
