/** Managers that are wrong in one way: which checks of the conformance suite find each of them out. */
import { FaultyManager } from '@katydid/managers/faulty/faulty-manager.js'
import { wayNames, ways, type WayName } from '@katydid/managers/faulty/ways.js'
import { findings, type ConformanceWorld } from '@katydid/managers/testing/conformance.js'
import { conformanceCases } from '@katydid/managers/testing/conformance-cases.js'
import test from 'ava'
import { conformanceWorld } from './support/conformance-world.js'

const all = conformanceCases.map(({ name }) => name)
const snapshots = ['known', 'killed', 'gone', 'rollback', 'died']

/** The checks that find each of them out. */
const failed: Readonly<Record<WayName, readonly string[]>> = {
  neverAnswers: all,
  answersLate: all,
  answersWithoutInstalling: all,
  installsStrangersFrame: all,
  installsElsewhere: all,
  diesInFault: all,
  givesTooLittleAccess: all.filter((name) => name !== 'zeros'),
  // The second answer finds nobody who waits for it: the memory room bears this one.
  answersTwice: [],
  forgetsDirtyPage: ['last', 'discard', 'killed', 'gone', 'rollback', 'died'],
  losesNewestWrite: ['last'],
  discardsNothing: ['discard'],
  discardsTooMany: ['discard'],
  returnsFramesInUse: ['discard'],
  diesInSnapshot: snapshots,
  liesThatItIsStable: ['killed', 'gone', 'died'],
  showsStaleVersion: ['rollback'],
  knowsEveryInterval: ['known'],
  knowsNoInterval: snapshots,
}

const behind = (name: WayName): ConformanceWorld =>
  conformanceWorld(
    (surroundings, boot, die) => new FaultyManager(surroundings, boot, ways[name], die),
  )

for (const name of wayNames)
  test(`[MG60] a manager that ${ways[name].doc} is found out by the checks that say so: ${name}`, (t) => {
    const found = conformanceCases.filter((each) => findings(each, () => behind(name)).length > 0)

    t.deepEqual(
      found.map((each) => each.name),
      failed[name],
    )
  })

test('[MG60] each check of the conformance suite is failed by some faulty manager', (t) => {
  const failable = new Set(wayNames.flatMap((name) => failed[name]))

  t.deepEqual(
    all.filter((name) => !failable.has(name)),
    [],
  )
})

test('[MG63] a manager whose faults do nothing passes every check: what is found is the fault’s', (t) => {
  const good = { doc: 'is right', create: () => ({}) }

  for (const each of conformanceCases)
    t.deepEqual(
      findings(each, () =>
        conformanceWorld(
          (surroundings, boot, die) => new FaultyManager(surroundings, boot, good, die),
        ),
      ),
      [],
      each.title,
    )
})
