/**
 * Runs the tests of the line for Stryker, in one process that stays warm: loads them once, then switches one mutant on after the other.
 *
 * A mutant is killed when a test fails, and stopped when its place is passed far more often than without it: then something goes on
 * for ever, or costs many times what it should.
 */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import * as fc from 'fast-check'
import { assertions, tests } from 'ava'

/** Stryker allows a hundred times as many passes as without the mutant; a twentieth of that is far too many still. */
const limitPart = 20

/**
 * The million points would take half the time of all, and show what pendingCount shows in other tests. The mutant of the rule of
 * intervals is about the tests' own history, and wants shrinking.
 */
function isLeftOut(title) {
  return title.includes('million') || title.includes('SI47')
}

/** Where code changed by Stryker looks for the mutant that is on. */
const shared = '__stryker__'

class WarmRunner {
  #stryker = (globalThis[shared] ??= {})

  capabilities() {
    return { reloadEnvironment: false }
  }

  async init() {
    // Nobody reads what a failure is shrunk to.
    fc.configureGlobal({ endOnFailure: true })
    const folder = path.resolve('line')
    const files = fs.readdirSync(folder).filter((name) => name.endsWith('.test.js'))
    for (const name of files.sort()) await import(pathToFileURL(path.join(folder, name)).href)
    tests.splice(0, tests.length, ...tests.filter(({ title }) => !isLeftOut(title)))
  }

  dryRun() {
    const results = tests.map(({ title, body }) => {
      this.#stryker.currentTestId = title
      const began = performance.now()
      const failure = run(body)
      const common = { id: title, name: title, timeSpentMs: performance.now() - began }
      return failure === null
        ? { ...common, status: 0 }
        : { ...common, status: 1, failureMessage: failure }
    })
    this.#stryker.currentTestId = undefined
    const { mutantCoverage } = this.#stryker
    return { status: 'complete', tests: results, mutantCoverage }
  }

  mutantRun({ activeMutant, hitLimit, testFilter }) {
    const stryker = this.#stryker
    stryker.activeMutant = activeMutant.id
    stryker.hitCount = hitLimit === undefined ? undefined : 0
    stryker.hitLimit = hitLimit === undefined ? undefined : hitLimit / limitPart
    const chosen = tests.filter(({ title }) => testFilter?.includes(title) ?? true)
    try {
      for (const { title, body } of chosen) {
        const failure = run(body)
        if (stryker.hitCount > stryker.hitLimit)
          return { status: 'timeout', reason: `passed ${stryker.hitCount} times` }
        if (failure !== null)
          return { status: 'killed', killedBy: [title], failureMessage: failure, nrOfTests: 1 }
      }
      return { status: 'survived', nrOfTests: chosen.length }
    } finally {
      stryker.activeMutant = undefined
    }
  }
}

function run(body) {
  try {
    body(assertions)
    return null
  } catch (error) {
    return String(error?.message ?? error)
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'warm', injectableClass: WarmRunner }]
