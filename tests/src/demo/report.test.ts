/** What people and programs are told. */
import test from 'ava'
import type { Events } from '@katydid/demo/job/events.js'
import { reportJson } from '@katydid/demo/report/json.js'
import { reportLines } from '@katydid/demo/report/lines.js'
import { bytes, duration, percent, whole } from '@katydid/demo/report/format.js'
import { aBlow, aCorpus, aFolder, aRecovery, someOptions, someTotals } from '../support/main-job.js'

test('[JB11] without a terminal there are plain lines, about one a second', (t) => {
  const written = tellAll({ isTerminal: false })

  t.false(written.includes('\r') || written.includes('\u001b'))
  t.true(written.endsWith('\n'))
  t.is(linesWith(written, 'words/s'), 3, written)
})

test('[JB11] with a terminal the last line is live and what happens stands above it', (t) => {
  const written = tellAll({ isTerminal: true })

  const shown = lastState(written)

  t.true(written.includes('\r\u001b[2K'))
  t.is(linesWith(shown, 'words/s'), 0, 'no live line is left behind')
  t.is(linesWith(shown, 'blow 1 at 31.0%'), 2, 'when it falls, and in the summary')
})

test('[JB11] a live line is no wider than the terminal', (t) => {
  let written = ''
  const report = reportLines({
    isTerminal: true,
    columns: () => 40,
    write: (text) => (written += text),
    nowMs: () => 0,
  })

  report.progress(someTotals().progress)

  t.is(written.replace('\r\u001b[2K', '').length, 39)
})

test('[JB11] with --json each line is an object with a type', (t) => {
  let written = ''
  let nowMs = 0
  const report = reportJson(
    (text) => (written += text),
    () => nowMs,
  )

  tell(report, () => (nowMs += 400))

  const objects = written
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string })
  const types = new Set(objects.map(({ type }) => type))
  t.deepEqual(
    [...types],
    [
      'begin',
      'scanning',
      'corpus',
      'progress',
      'blow',
      'recovered',
      'verifying',
      'summary',
      'verified',
      'failed',
      'stopped',
      'kept',
    ],
  )
})

test('[JB6] the report tells what is left out, what cannot be read, and how to give a better corpus', (t) => {
  const written = tellAll({ isTerminal: false })

  t.regex(
    written,
    /the first 64\.0 MB in order of path are taken; 2 more files \(1\.5 kB\) left out/,
  )
  t.regex(written, /cannot be read: a\/b: permission denied/)
  t.regex(written, /less than 30\.0 MB; to index more, run: npm start -- --input FOLDER/)
})

test('[JB12] a blow is told with what was in flight, and what it cost', (t) => {
  const written = tellAll({ isTerminal: false })

  t.regex(
    written,
    /blow 1 at 31\.0%: world’s process killed by SIGKILL; in flight 1 snapshot not yet recoverable, 30 pages written since the last fdatasync\n/,
  )
  t.regex(written, /blow 1: running again after 350 ms; 2\.0 MB \(2\.0%\) to be done again/)
})

test('[JB16] the summary tells how many pages the manager’s maps have, and in how many frames', (t) => {
  const written = tellAll({ isTerminal: false })

  t.regex(written, /\n  the manager's maps: 12 pages in 4 frames, 40 faults\n/)
})

test('[JB11] numbers are written for people', (t) => {
  t.deepEqual(
    [whole(0), whole(999), whole(1000), whole(1234567.4)],
    ['0', '999', '1,000', '1,234,567'],
  )
  t.deepEqual(
    [bytes(1), bytes(999), bytes(1500), bytes(2.5e9)],
    ['1 byte', '999 bytes', '1.5 kB', '2.5 GB'],
  )
  t.deepEqual([duration(0.25), duration(45), duration(12_345)], ['0.3 ms', '45 ms', '12.3 s'])
  t.deepEqual([percent(1, 3, 1), percent(0, 0)], ['33.3%', '100%'])
})

function tellAll({ isTerminal }: { isTerminal: boolean }): string {
  let written = ''
  let nowMs = 0
  const write = (text: string): void => void (written += text)
  const report = reportLines({ isTerminal, columns: () => 200, write, nowMs: () => nowMs })
  tell(report, () => (nowMs += 400))
  return written
}

function tell(report: Events, wait: () => void): void {
  const totals = someTotals()
  report.begin(someOptions, aFolder)
  report.scanning(100)
  report.corpus(aCorpus, aFolder)
  wait()
  wait()
  wait()
  for (let at = 0; at < 7; at++) {
    report.progress(totals.progress)
    wait()
  }
  report.blow(aBlow)
  report.recovered(aRecovery)
  wait()
  report.verifying(1, 2)
  report.summary(totals, [aRecovery])
  report.verified({ words: 5, files: 2 })
  report.failed(['because'])
  report.stopped(null)
  report.kept('there')
}

function linesWith(text: string, part: string): number {
  return text.split('\n').filter((line) => line.includes(part)).length
}

/** What stands on the screen at the end: of each line, what follows its last erasure. */
function lastState(written: string): string {
  return written
    .split('\n')
    .map((line) => line.split('\r\u001b[2K').at(-1))
    .join('\n')
}
