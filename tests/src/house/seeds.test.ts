/** Tests that draw values draw the same ones in every run. */
import test from 'ava'
import * as fc from 'fast-check'
import { codeOnly, filesUnder, readText } from '../support/house.js'

test('[HO23] a property without a seed of its own draws the same values each time', (t) => {
  const drawn = (): unknown[] => {
    const values: number[] = []
    fc.assert(fc.property(fc.nat(), (value) => void values.push(value)))
    return values
  }

  const first = drawn()

  t.is(typeof fc.readConfigureGlobal().seed, 'number')
  t.deepEqual(drawn(), first)
})

test('[HO23] no test draws from anything but a seed, or sets the seed of all aside', (t) => {
  const drawing =
    /\bMath\.random\(|\brandomUUID\(|'node:crypto'.*random|\bseed:\s*(Date|performance|process)\b/
  const found = filesUnder('tests/src')
    .filter((file) => file.endsWith('.ts') && !excused.has(file))
    .flatMap((file) =>
      codeOnly(readText(file))
        .split('\n')
        .filter(
          (line) => drawing.test(line) || /\b(configureGlobal|resetConfigureGlobal)\(/.test(line),
        )
        .map((line) => `${file}: ${line.trim()}`),
    )

  t.deepEqual(found, [], 'draw from `Random` or fast-check, which the runner gives a seed')
})

/** Sets the seed; a loop that only burns time; and programs whose draws are what is tested, recorded and given again. */
const excused = new Set([
  'tests/src/support/fixed-seed.ts',
  'tests/src/actor/server.worker.ts',
  'tests/src/locus/support/logged-programs.ts',
])
