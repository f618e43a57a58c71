/** Every carrier makes a link that passes the same checks; and each check catches the links that do not keep what it is about. */
import {
  linkConformance,
  runLinkConformance,
  type LinkAssertions,
} from '@katydid/devices/testing/link-conformance.js'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { flaws } from './flaws.js'
import { portCarriers, realLinks, socketCarriers } from './real-links.js'
import { simulatedLinks } from './simulated-links.js'

const slow = { latencyMs: 3, spreadMs: 5, tailMs: 1, bytesPerMs: 100_000 }

for (const check of linkConformance) {
  test(`${check.title}: simulator`, (t) =>
    runLinkConformance(t, () => simulatedLinks(1, {}), [check]))
  test(`${check.title}: simulator with slow wires`, (t) =>
    runLinkConformance(t, () => simulatedLinks(2, slow), [check]))
  test(`${check.title}: ports`, (t) =>
    runLinkConformance(t, () => realLinks(portCarriers()), [check]))
  test(`${check.title}: sockets`, (t) =>
    runLinkConformance(t, () => realLinks(socketCarriers(temporaryFolder(t))), [check]))
}

/** Assertions that remember whether all held. */
function silently(): LinkAssertions & { held: boolean } {
  const judge = {
    held: true,
    is: (actual: unknown, expected: unknown) => (judge.held &&= actual === expected),
    true: (actual: boolean) => (judge.held &&= actual),
    deepEqual: (actual: unknown, expected: unknown) =>
      (judge.held &&= JSON.stringify(actual) === JSON.stringify(expected)),
  }
  return judge
}

for (const [name, rule, flaw] of flaws)
  test(`[NW13] a link that ${name} is caught`, async (t) => {
    const checks = linkConformance.filter(({ title }) => title.includes(`[${rule}]`))

    const held = await Promise.all(
      checks.map(async (check) => {
        const judge = silently()
        try {
          await runLinkConformance(judge, () => simulatedLinks(1, {}, flaw), [check])
        } catch {
          return false
        }
        return judge.held
      }),
    )

    t.true(held.includes(false))
  })

test('[NW13] every check catches some flaw', (t) => {
  for (const { title } of linkConformance)
    t.true(
      flaws.some(([, rule]) => title.includes(`[${rule}]`)),
      title,
    )
})
