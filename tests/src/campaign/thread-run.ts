/**
 * A world on threads and what it must hold: two containers in which loci are, parts of them for each locus, and what those may map and invoke. Each
 * locus is a batch of deeds that carry their answers; whatever happens meanwhile must not show.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Random } from '@katydid/actor'
import { KatydidError, openWorld, type Container, type LocusHandle, type World } from 'katydid'
import { root } from '../support/house.js'
import { drawCalls, tidyUp, type MapArea } from './thread-calls.js'
import { drawDeeds, type Deed, type Part } from './thread-deeds.js'
import { ThreadPast } from './thread-past.js'

export interface ThreadFuzzResult {
  readonly operations: number
  readonly batches: number
  readonly openings: number
  readonly managersKilled: number
  readonly lociDestroyed: number
  readonly pasts: number
  readonly failure: string | null
}

export type Tally = { -readonly [K in keyof ThreadFuzzResult]: ThreadFuzzResult[K] }

/** What happens as loci run. */
export type Meanwhile =
  | 'nothing'
  | 'snapshot'
  | 'kill'
  | 'kill another'
  | 'suspend'
  | 'destroy at rest'
  | 'destroy'

export const program = `${root}/tests/fixtures/fuzz-locus.mjs`
const pageBytes = 4096
const parts = 2
const names = ['one', 'two'] as const
type Name = (typeof names)[number]
/** Pages of each locus: its own, those over which it maps, and what it maps. */
const partPages = 40
const areaPages = 12
const sourcePages = 16
/** Of what it maps the last are supplied from yet another container. */
const deepPages = 6
/** Of each locus, in the container of transactions and in the one that is empty after a recovery. */
const ledgerPages = 8
const deedsOfBatch = 180
const callsOfBatch = 40

const homePages = parts * (partPages + areaPages) + 1
const regions = names.length * parts
const others = {
  inner: parts * partPages,
  source: regions * sourcePages,
  deep: parts * partPages + regions * deepPages,
  victims: 8,
  ledger: parts * ledgerPages,
  till: parts * partPages,
  scratch: parts * ledgerPages,
} as const
type Other = keyof typeof others
/** Whose they are; the others are the first manager’s. */
const managerOf: Partial<Record<Other, string>> = {
  ledger: 'transactional',
  till: 'deterministic',
  scratch: 'demand-zero',
}

const part = (firstPage: number, pages: number): Part => ({
  base: firstPage * pageBytes,
  bytes: new Uint8Array(pages * pageBytes),
})

interface Place {
  readonly own: Part
  readonly area: MapArea
}

interface Granted {
  readonly inner: number
  readonly source: number
  readonly ledger: number
  readonly till: number
  readonly scratch: number
}

/** What a locus writes of the containers of one number. */
interface Elsewhere {
  readonly inner: Part
  readonly deep: Part
  readonly ledger: Part
  readonly till: Part
  readonly scratch: Part
}

export class ThreadRun {
  readonly tally: Tally
  readonly #dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-fuzz-'))
  readonly #places = new Map<string, Place>()
  readonly #elsewhere: readonly Elsewhere[]
  readonly #granted = new Map<string, Granted>()
  readonly #past = new ThreadPast()
  /** Lines that were told as recoverable, by the locus that printed them. */
  readonly #told = new Map<string, string[]>()
  #innerToDeep = 0
  #world: World | null = null
  #count = 0

  constructor(tally: Tally) {
    this.tally = tally
    this.#elsewhere = Array.from({ length: parts }, (_, nth) => ({
      inner: part(nth * partPages, partPages),
      deep: part(nth * partPages, partPages),
      ledger: part(nth * ledgerPages, ledgerPages),
      till: part(nth * partPages, partPages),
      scratch: part(nth * ledgerPages, ledgerPages),
    }))
    for (const [which, name] of names.entries())
      for (let nth = 0; nth < parts; nth++) {
        const source = part((which * parts + nth) * sourcePages, sourcePages)
        const own = part(parts * partPages + nth * areaPages, areaPages)
        const area = { own, source, mappings: [] }
        this.#places.set(`${name} ${nth}`, { own: part(nth * partPages, partPages), area })
      }
  }

  /** Two loci side by side, which invoke, map, signal and print; `meanwhile` happens as they run. */
  async batch(random: Random, meanwhile: Meanwhile): Promise<void> {
    const world = await this.open()
    const ends: Promise<void>[] = []
    const running: LocusHandle[] = []
    for (let nth = 0; nth < parts; nth++) {
      const name = names[random.below(names.length)]!
      const home = await this.#home(world, name)
      const locus = `locus ${this.#count++}`
      const lines: string[] = []
      const { own } = this.#places.get(`${name} ${nth}`)!
      const deeds = this.#draw(random, { locus, name, nth, lines })
      const args = { base: own.base, length: own.bytes.length, deeds }
      ends.push(this.#toItsEnd({ world, home, locus, args, lines, running }))
      this.tally.operations += operationsOf(deeds)
    }
    // Whatever comes first: both are waited for, so that no failure of one is lost in the end of the other.
    const all = Promise.allSettled([...ends, this.#happens(world, meanwhile, running)])
    for (const each of await all) if (each.status === 'rejected') throw each.reason
    this.tally.batches++
  }

  #draw(random: Random, of: { locus: string; name: Name; nth: number; lines: string[] }): Deed[] {
    const { own, area } = this.#places.get(`${of.name} ${of.nth}`)!
    const { inner: invoked, deep: deeper, ledger, till, scratch } = this.#elsewhere[of.nth]!
    const granted = this.#granted.get(of.name)!
    const around = {
      source: granted.source,
      inner: granted.inner,
      innerToDeep: this.#innerToDeep,
      name: of.locus,
      area,
      invoked,
      deeper,
      ledger: { cap: granted.ledger, part: ledger },
      till: { cap: granted.till, part: till },
      scratch: { cap: granted.scratch, part: scratch },
      counts: new Map<number, number | null>(),
      lines: of.lines,
    }
    const deeds: Deed[] = []
    for (let call = 0; call < callsOfBatch; call++) {
      deeds.push(...drawDeeds(random, own, random.below(2 * (deedsOfBatch / callsOfBatch))))
      deeds.push(...drawCalls(random, around))
    }
    return [...deeds, ...tidyUp(around)]
  }

  async #happens(world: World, what: Meanwhile, running: LocusHandle[]): Promise<void> {
    switch (what) {
      case 'nothing':
        return
      case 'snapshot':
        await world.snapshot()
        return
      case 'kill':
        await world.crashManager()
        this.tally.managersKilled++
        return
      case 'kill another':
        await world.crashManager(
          ['transactional', 'deterministic'][this.tally.managersKilled++ % 2],
        )
        return
      case 'suspend':
        // Both are being started at this moment.
        while (running.length < parts) await delay(1)
        for (const each of running) await this.#suspend(world, each)
        return
      case 'destroy at rest':
      case 'destroy':
        await this.#destroy(world, what === 'destroy at rest')
    }
  }

  /** One that stands still does nothing until it is let go. */
  async #suspend(world: World, locus: LocusHandle): Promise<void> {
    const faults = async (): Promise<number | undefined> => {
      const { loci } = await world.status()
      return loci.find((each) => each.locus === locus.locus)?.faults
    }
    try {
      if (await locus.suspend()) {
        const before = await faults()
        await delay(20)
        if ((await faults()) !== before) throw new Error(`${locus.name} was suspended and went on`)
      }
      await locus.resume()
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof KatydidError) || error.status !== 'entity_gone') throw error
    }
  }

  /** A locus that would go on for long: at rest nothing else is lost with it, else the world goes back. */
  async #destroy(world: World, isAtRest: boolean): Promise<void> {
    const home = await this.#other(world, 'victims')
    const deeds = Array.from({ length: 2000 }, (): Deed => ['sleep', 0, 0, 5])
    const args = { base: 0, length: pageBytes, deeds }
    const victim = await world.startLocus(home, { name: `victim ${this.#count++}`, args })
    const end = victim.result().then(
      () => 'ok',
      (error: unknown) => (error instanceof KatydidError ? error.status : String(error)),
    )
    await delay(15)
    if (isAtRest) while (!(await victim.suspend())) await delay(5)
    await victim.destroy()
    const status = await end
    if (status !== 'entity_gone' && status !== 'locus_lost')
      throw new Error(`a locus that was destroyed ended as ${status}`)
    this.tally.lociDestroyed++
    this.tally.operations++
  }

  /** Runs a locus until its result is recoverable; one that a rollback unmade did nothing, and is made again. */
  async #toItsEnd(of: {
    world: World
    home: Container
    locus: string
    args: object
    lines: readonly string[]
    running: LocusHandle[]
  }): Promise<void> {
    for (;;) {
      try {
        const handle = await of.world.startLocus(of.home, { name: of.locus, args: of.args })
        of.running.push(handle)
        await handle.result()
        break
      } catch (error) {
        if (!(error instanceof KatydidError) || !error.again) throw error
      }
    }
    const told = this.#told.get(of.locus) ?? []
    if (told.join('\n') !== of.lines.join('\n'))
      throw new Error(`of ${of.locus} was told ${told.join(' | ')}, not ${of.lines.join(' | ')}`)
  }

  async snapshot(): Promise<void> {
    await (await this.open()).snapshot()
    this.tally.operations++
  }

  async status(): Promise<void> {
    const { containers } = await (await this.open()).status()
    const known: readonly string[] = [...names, ...Object.keys(others)]
    const strange = containers.filter(({ name }) => !/^\(|^$/.test(name) && !known.includes(name))
    if (strange.length > 0) throw new Error(`the world has containers ${JSON.stringify(strange)}`)
    this.tally.operations++
  }

  /** What would run in a circle is refused: what a home shows cannot show it, directly or by another. */
  async circle(): Promise<void> {
    const world = await this.open()
    const home = await this.#home(world, 'one')
    for (const name of ['source', 'deep'] as const) {
      const to = await this.#other(world, name)
      const status = await world.map(to, home, { at: 0, length: pageBytes }).then(
        () => 'ok',
        (error: unknown) => (error instanceof KatydidError ? error.status : String(error)),
      )
      if (status !== 'mapping_cycle') throw new Error(`one mapped into ${name}: ${status}`)
      this.tally.operations++
    }
  }

  /** Nobody runs: a line is kept and gone back to, and all is as it was. */
  async goBack(): Promise<void> {
    const world = await this.open()
    const line = await world.snapshot()
    const kept = (await world.lines()).map((each) => each.line)
    if (!kept.includes(line))
      throw new Error(`line ${line} is not among those kept: ${kept.join()}`)
    await world.rollback(line)
    const home = await this.#home(world, 'one')
    await world.releasedOutput(home, 0)
    this.tally.operations += 3
  }

  /** Notes what the newest snapshot of a home holds; nobody runs. */
  async remember(random: Random): Promise<void> {
    const world = await this.open()
    const name = names[random.below(names.length)]!
    const own = [...this.#places].filter(([key]) => key.startsWith(`${name} `))
    const held = own.flatMap(([, place]) => [place.own, place.area.own])
    await this.#past.remember(world, await this.#home(world, name), held)
    this.tally.operations++
  }

  /** Opens or forks a snapshot and compares all of it. */
  async lookBack(random: Random, kind: 'open' | 'fork'): Promise<void> {
    const world = await this.open()
    const home = await this.#home(world, names[random.below(names.length)]!)
    this.tally.operations += await this.#past.lookBack(world, home, random, kind)
    this.tally.pasts++
  }

  async drop(random: Random): Promise<void> {
    const world = await this.open()
    const home = await this.#home(world, names[random.below(names.length)]!)
    await this.#past.drop(world, home, random)
    this.tally.operations++
  }

  async close(): Promise<void> {
    await this.#world?.close()
    this.#world = null
  }

  async end(): Promise<void> {
    try {
      await this.close()
    } finally {
      fs.rmSync(this.#dir, { recursive: true, force: true })
    }
  }

  #home(world: World, name: Name): Promise<Container> {
    return world.createContainer({ name, program, size: homePages * pageBytes })
  }

  #other(world: World, name: Other): Promise<Container> {
    const manager = managerOf[name]
    const options = { name, program, size: others[name] * pageBytes }
    return world.createContainer(manager === undefined ? options : { ...options, manager })
  }

  async open(): Promise<World> {
    if (this.#world !== null) return this.#world
    this.tally.openings++
    const world = await openWorld({
      dir: this.#dir,
      frames: 160,
      loci: 8,
      managers: Object.values(managerOf).map((name) => ({ name })),
      diskBytes: 256 * 1024 ** 2,
      snapshotEveryMs: 60,
      retain: 3,
      auditEvery: 2,
    })
    this.#world = world
    world.on('output', ({ durable, text }) => {
      const [locus] = text.split(': ', 1)
      if (durable === 'recoverable')
        this.#told.set(locus!, [...(this.#told.get(locus!) ?? []), text])
    })
    await this.#prepare(world)
    return world
  }

  async #prepare(world: World): Promise<void> {
    const inner = await this.#other(world, 'inner')
    const source = await this.#other(world, 'source')
    const deep = await this.#other(world, 'deep')
    const elsewhere = {
      ledger: await this.#other(world, 'ledger'),
      till: await this.#other(world, 'till'),
      scratch: await this.#other(world, 'scratch'),
    }
    this.#innerToDeep = await world.grant(inner, deep)
    for (let region = 0; region < regions; region++)
      await world.map(source, deep, {
        at: (region * sourcePages + sourcePages - deepPages) * pageBytes,
        length: deepPages * pageBytes,
        sourceAt: (parts * partPages + region * deepPages) * pageBytes,
        access: 'write',
      })
    for (const name of names) {
      const home = await this.#home(world, name)
      const at = (homePages - 1) * pageBytes
      await world.map(home, source, { at, length: pageBytes })
      await world.retain(home, 6)
      this.#granted.set(name, {
        inner: await world.grant(home, inner),
        source: await world.grant(home, source),
        ledger: await world.grant(home, elsewhere.ledger),
        till: await world.grant(home, elsewhere.till),
        scratch: await world.grant(home, elsewhere.scratch),
      })
    }
    // From here on no rollback unmakes a container or takes a capability back.
    await world.snapshot()
  }
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Those of invoked containers too. */
function operationsOf(deeds: readonly Deed[]): number {
  return deeds.reduce((sum, deed) => {
    const inner = deed.at(-1)
    const isNested = typeof inner === 'object' && inner !== null && 'deeds' in inner
    return sum + 1 + (isNested ? operationsOf(inner.deeds as Deed[]) : 0)
  }, 0)
}
