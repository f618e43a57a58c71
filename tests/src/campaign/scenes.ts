/**
 * Scripts of the crash campaigns, one for each kind of manager and for what containers have between them: which containers there are, whose they
 * are, and what their loci do. `self-managing` and `demand-zero` are in each, since every world has the one and paging needs the other.
 */
import { rights } from '@katydid/abi'
import type { RunShape, Script } from './campaign-run.js'
import { invokeNamed } from './locus-calls.js'
import { deed, deedWithoutRegisters, programOfDeeds } from './random-program.js'
import { crashShape } from './scripted-run.js'
import type { SimLocus } from './sim-locus.js'
import { transaction } from './sim-transaction.js'
import { countedVisit, tillName } from './sim-visit.js'
import {
  demandZero,
  deterministic,
  logging,
  transactional,
  type SimProgram,
  type WholeShape,
} from './whole-world.js'

type Steps = Generator<'step' | number | (() => boolean), void, void>

const { deeds, pages } = crashShape

/** Room for all that these runs hold at a time: `tight` is the one that has to do with less. */
const roomy: Partial<WholeShape> = { disk: { segmentBlocks: 24, capacity: 160 } }

function scene(world: Partial<WholeShape>, more: Partial<RunShape> = {}): RunShape {
  return { ...crashShape, ...more, world: { ...crashShape.world, ...roomy, ...world } }
}

/** Transactions on the container it is in, or by an invocation on another; and whatever else loci do. */
function transacts(locus: SimLocus): Steps {
  const { model } = locus.world
  if (locus.random.chance(0.5)) return deed(locus, pages)
  if (model.containers.get(locus.container)?.isSealed === true) return transaction(locus, pages)
  const there = ['a', 'b'].filter((name) => {
    const known = model.containers.get(name)
    return known?.adopted === true && known.isSealed
  })
  const other = there[locus.random.below(Math.max(1, there.length))]
  if (other === undefined) return deed(locus, pages)
  return invokeNamed(locus, other, () => transaction(locus, pages))
}

/** Visits of the till, and whatever else loci do. */
function visits(locus: SimLocus): Steps {
  return locus.random.chance(0.4)
    ? countedVisit(locus, laneOf(locus.name))
    : deedWithoutRegisters(locus, pages)
}

/** Each locus of the script has a word of the till of its own, below those that visits write. */
function laneOf(name: string): number {
  const kind = ['x', 'y', 'l'].indexOf(name[0]!)
  return 20 + 40 * (kind + 1) + Number(name.slice(1))
}

const programs = new Map<string, SimProgram>([
  ['transact', programOfDeeds(deeds, transacts)],
  ['visit', programOfDeeds(deeds, visits)],
])

const transactionScript: Script = {
  containers: { a: 'transact', b: 'transact', c: 'transact', v: 'random' },
  source: 'a',
  fork: 'f',
}
const visitScript: Script = {
  containers: { [tillName]: 'random', a: 'visit', b: 'visit', c: 'visit', v: 'random' },
  source: tillName,
  // Not among those that loci invoke: it is logged as well.
  fork: 'p',
}
const both = rights.read | rights.write
const mapScript: Script = {
  containers: { a: 'random', b: 'random', c: 'random', v: 'random' },
  source: 'a',
  fork: 'f',
  regions: [
    { to: 'a', from: 'b', at: 1, length: 4, sourceAt: 2, rights: both },
    { to: 'b', from: 'c', at: 3, length: 4, sourceAt: 0, rights: both },
    { to: 'a', from: 'c', at: 12, length: 6, sourceAt: 10, rights: rights.read },
  ],
}

const manyPages = { frames: 96, maxContainers: 20 }
const logged = (program: typeof logging, more: Partial<WholeShape> = {}): RunShape =>
  scene(
    {
      ...manyPages,
      others: [demandZero, program],
      managers: { [tillName]: program.name },
      ...more,
    },
    { programs, script: visitScript },
  )

/** Everything at once, and little of each: the store whose bytes are damaged. */
export const storeScene: RunShape = scene(
  {
    frames: 200,
    maxContainers: 20,
    keepLines: 3,
    others: [demandZero, transactional, deterministic],
    managers: { a: transactional.name, [tillName]: deterministic.name },
    disk: { segmentBlocks: 24, capacity: 256 },
  },
  {
    deeds: 40,
    programs: new Map([
      ['transact', programOfDeeds(40, transacts)],
      ['visit', programOfDeeds(40, visits)],
    ]),
    script: {
      containers: { [tillName]: 'random', a: 'transact', b: 'visit', c: 'visit', v: 'random' },
      source: 'a',
      fork: 'f',
      regions: [{ to: 'b', from: 'c', at: 12, length: 4, sourceAt: 0, rights: both }],
    },
  },
)

/** By the names that `npm run crash -- --manager NAME` takes. */
export const scenes: Readonly<Record<string, RunShape>> = {
  'self-managing': scene({}),
  'demand-zero': scene({ managers: { a: demandZero.name, v: demandZero.name } }),
  transactional: scene(
    {
      ...manyPages,
      // What an open transaction wrote stays in memory.
      frames: 160,
      others: [demandZero, transactional],
      managers: { a: transactional.name, b: transactional.name },
    },
    { programs, script: transactionScript },
  ),
  logging: logged(logging),
  deterministic: logged(deterministic),
  /** Visits on lines that are kept. */
  kept: logged(deterministic, {
    keepLines: 20,
    disk: { segmentBlocks: 24, capacity: 400 },
  }),
  mapped: scene({}, { script: mapScript }),
  /** So little room that the run itself may come to where there is none, and worlds that come back from it: they say so. */
  tight: scene({ disk: { segmentBlocks: 24, capacity: 34 } }, { mayBeFull: true }),
}
