/** Every carrier makes a link that passes the same checks; and each check catches the links that do not keep what it is about. */
import {
  linkConformance,
  runLinkCheck,
  type LinkAssertions,
} from '@katydid/devices/testing/link-conformance.js'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { flaws } from './flaws.js'
import { portCarriers, realLinks, socketCarriers } from './real-links.js'
import { simulatedLinks } from './simulated-links.js'

for (const check of linkConformance) {
  test(`${check.title}: simulator`, (t) => runLinkCheck(t, check, () => simulatedLinks(1, {})))
  test(`${check.title}: simulator with slow wires`, (t) =>
    runLinkCheck(t, check, () =>
      simulatedLinks(2, { latencyMs: 3, spreadMs: 5, tailMs: 1, bytesPerMs: 100_000 }),
    ))
  test(`${check.title}: ports`, (t) => runLinkCheck(t, check, () => realLinks(portCarriers())))
  test(`${check.title}: sockets`, (t) =>
    runLinkCheck(t, check, () => realLinks(socketCarriers(temporaryFolder(t)))))
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
          await runLinkCheck(judge, check, () => simulatedLinks(1, {}, flaw))
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
