/** The load of a soak: residents that do a bit of everything all the time, and visitors of the present and the past that come and go. */
import { setTimeout as pause } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import type { Capref } from '@katydid/abi'
import { openWorld, type Container, type World } from 'katydid'
import { root } from '../support/house.js'

const program = `${root}/tests/fixtures/soak-locus.mjs`
const pageBytes = 4096
const residents = 3
const pagesOfLocus = 160
/** What any of them maps lies behind that. */
const containerPages = 2048
const printEveryMs = 100

export interface Load {
  /** Loci that came and went. */
  readonly visitors: () => number
  /** Ends it all, and waits until it has ended. */
  readonly end: () => Promise<void>
  /** Rejects when something of it fails. */
  readonly going: Promise<unknown>
}

export interface LoadOptions {
  readonly seed: number
  readonly visitEveryMs: number
}

/** Under this key residents find the word that tells them that it is over. */
const stopKey = 'katydid soak over'

/** A world with managers of four kinds, which keeps lines and snapshots. */
export const openLoaded = (dir: string): Promise<World> =>
  openWorld({
    dir,
    frames: 320,
    loci: residents + 4,
    containers: 64,
    diskBytes: 512 * 1024 ** 2,
    snapshotEveryMs: 200,
    retain: 3,
    retainEveryMs: 1000,
    managers: [{ name: 'transactional' }, { name: 'deterministic' }, { name: 'demand-zero' }],
  })

/** Starts it all. */
export async function loaded(world: World, options: LoadOptions): Promise<Load> {
  const { seed } = options
  const stop = new Int32Array(new SharedArrayBuffer(4))
  setEnvironmentData(stopKey, stop.buffer)
  const make = (name: string, manager?: string): Promise<Container> =>
    world.createContainer({
      name,
      program,
      size: containerPages * pageBytes,
      ...(manager === undefined ? {} : { manager }),
    })
  const shared = {
    office: await make('office'),
    till: await make('till', 'deterministic'),
    ledger: await make('ledger', 'transactional'),
    archive: await make('archive'),
  }
  const back = await world.grant(shared.office, await make('back', 'demand-zero'))
  const ends: Promise<unknown>[] = []
  let home: Container | null = null
  for (let own = 0; own < residents; own++) {
    home = await make(`load ${own}`)
    const caps: Record<string, Capref> = {}
    for (const [name, each] of Object.entries(shared)) caps[name] = await world.grant(home, each)
    const also = { console: printEveryMs, workshop: true, back, own }
    const args = { role: 'resident', pages: pagesOfLocus, seed: seed + own, ...caps, ...also }
    const locus = await world.startLocus(home, { name: `resident ${own}`, args })
    ends.push(locus.result())
  }
  const hall = await make('visitors')
  const done = { visitors: 0 }
  const visits = visiting(world, { hall, home: home! }, options, stop, done)
  const going = Promise.all([...ends, visits])
  const end = async (): Promise<void> => {
    Atomics.store(stop, 0, 1)
    await going
  }
  return { visitors: () => done.visitors, going, end }
}

/** One after the other: a locus that works a little, one that reads an opened snapshot, one that reads a fork. */
async function visiting(
  world: World,
  { hall, home }: { readonly hall: Container; readonly home: Container },
  { seed, visitEveryMs }: LoadOptions,
  stop: Int32Array,
  done: { visitors: number },
): Promise<void> {
  while (Atomics.load(stop, 0) === 0) {
    await pause(visitEveryMs)
    const nth = done.visitors
    const name = `visitor ${nth}`
    if (nth % 3 === 0) {
      const args = {
        role: 'resident',
        pages: pagesOfLocus,
        forMs: visitEveryMs / 4,
        seed: seed + nth,
      }
      await stay(world, hall, name, args)
    } else {
      const newest = (await world.snapshots(home)).at(-1)?.stateInterval
      if (newest === undefined) continue
      const past = await (nth % 3 === 1
        ? world.openSnapshot(home, newest)
        : world.forkSnapshot(home, newest, { name: `fork ${nth}` }))
      await stay(world, past, name, { role: 'read', pages: pagesOfLocus })
      await leave(world, past)
    }
    done.visitors++
  }
}

/** Its end is of no use to anybody once it is told. */
async function stay(world: World, home: Container, name: string, args: object): Promise<void> {
  const locus = await world.startLocus(home, { name, args })
  await locus.result({ durable: 'volatile' })
  await locus.destroy()
}

/** The thread of whoever was in it may still be on its way out. */
async function leave(world: World, container: Container): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await world.destroyContainer(container)
    } catch (error) {
      if (tries === 200) throw error
      await pause(5)
    }
  }
}
