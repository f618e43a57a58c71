/** What the main job can be told, and what it says to the rest. */
import test from 'ava'
import { checkAgainst, parseOptions } from '@katydid/demo/options.js'

test('[JB7] options are read in both spellings, and a fresh seed stands in for none', (t) => {
  const options = parseOptions(
    ['--input', 'a folder', '--frames=256', '--loci', '3', '--kills=0', '--json'],
    77,
  )

  t.like(options, { input: 'a folder', frames: 256, loci: 3, kills: 0, seed: 77, json: true })
  t.is(parseOptions(['--seed', '0'], 77).seed, 0)
})

test('[JB7] each of several machines has a locus unless told otherwise, and fewer frames', (t) => {
  t.like(parseOptions([], 1), { machines: 1, loci: 2, frames: 128 })
  t.like(parseOptions(['--machines', '3'], 1), { machines: 3, loci: 3, frames: 64 })
  t.like(parseOptions(['--machines=16', '--loci=2', '--frames=99'], 1), { loci: 2, frames: 99 })
})

const refusals: readonly (readonly [args: string[], sentence: RegExp])[] = [
  [
    ['--frames', '0'],
    /^--frames 0: page frames of 4 KiB must be a whole number from 32 to 65536\.$/,
  ],
  [['--frames', 'many'], /^--frames many: /],
  [['--frames', '1e3'], /^--frames 1e3: /],
  [['--frames', '-64'], /^--frames -64: /],
  [['--frames'], /^--frames needs a value: --frames \d+\.$/],
  [['--frames', '--json'], /^--frames needs a value/],
  [['--loci', '0'], /^--loci 0: loci must be a whole number from 1 to /],
  [['--loci', '2.5'], /^--loci 2\.5: /],
  [['--kills', '-1'], /^--kills -1: /],
  [['--machines', '17'], /^--machines 17: machines must be a whole number from 1 to 16\.$/],
  [['--seed', '4294967296'], /^--seed 4294967296: /],
  [['--seed', ''], /^--seed needs a value/],
  [['--input'], /^--input needs a value: --input some\/folder\.$/],
  [['--json=yes'], /^--json takes no value/],
  [['--loci', '2', '--loci', '3'], /^--loci is given twice/],
  [['--frobnicate'], /^There is no option --frobnicate; there are --input, .*--json/],
  [['docs'], /^docs is not an option; to index a folder, write --input docs\.$/],
]

for (const [args, sentence] of refusals) {
  test(`[JB7] ${args.join(' ')} gets one clear sentence`, (t) => {
    const error = t.throws(() => parseOptions(args, 1))

    t.regex(error.message, sentence)
    t.false(error.message.includes('\n'))
  })
}

test('[JB7] more loci than files are refused with the number that would do', (t) => {
  const options = parseOptions(['--loci', '4'], 1)

  t.notThrows(() => checkAgainst(options, 4))
  t.throws(() => checkAgainst(options, 3), {
    message:
      '--loci 4: there are only 3 text files, and a locus needs at least one; give --loci 3.',
  })
})
