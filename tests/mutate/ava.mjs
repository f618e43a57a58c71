/**
 * Stands in for AVA while the engine is mutated: collects the tests that files register and offers the assertions that those files
 * use, so that hundreds of runs share one warm process. A test that uses another assertion fails at once, in the run without mutants.
 */
import assert from 'node:assert/strict'

/** What the files registered, in their order. */
export const tests = []

export default function test(title, body) {
  tests.push({ title, body })
}

/** What a test is given. */
export const assertions = {
  is: (actual, expected, message) => assert.ok(Object.is(actual, expected), message),
  true: (actual, message) => assert.ok(actual === true, message),
  deepEqual: (actual, expected, message) => assert.deepStrictEqual(actual, expected, message),
  throws: (body, expected) => assert.throws(body, expected),
  notThrows: (body) => body(),
}
