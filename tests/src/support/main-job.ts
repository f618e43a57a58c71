/** Examples of what the main job speaks of, for tests of its parts. */
import type { Corpus } from '@katydid/demo/corpus/corpus.js'
import type { Folder } from '@katydid/demo/corpus/folder.js'
import type { BlowReport, Recovery, Totals } from '@katydid/demo/job/events.js'
import type { Options } from '@katydid/demo/options.js'

export const someOptions: Options = {
  input: null,
  machines: 1,
  frames: 128,
  loci: 2,
  kills: 2,
  seed: 7,
  json: false,
  keep: false,
  help: false,
}

export const aFolder: Folder = { path: 'some/folder', isDefault: true, limitBytes: 64e6 }

export const aCorpus: Corpus = {
  folder: 'some/folder',
  files: [{ path: 'some/folder/a', byteLength: 100, modifiedMs: 0 }],
  byteLength: 100,
  binaryCount: 1,
  unreadable: [{ path: 'a/b', reason: 'permission denied' }],
  leftOut: { fileCount: 2, byteLength: 1500 },
}

export const aBlow: BlowReport = {
  kind: 'process',
  isOurs: true,
  number: 1,
  atBytes: 31e6,
  totalBytes: 100e6,
  openSnapshots: 1,
  openPages: 30,
}

export const aRecovery: Recovery = {
  ...aBlow,
  recoveryMs: 350,
  againBytes: 2e6,
  againFraction: 0.02,
  ownFaults: null,
}

/** Totals of a run that counts, with some of them changed. */
export function someTotals(
  changed: Partial<Omit<Totals, 'progress'>> & { progress?: Partial<Totals['progress']> } = {},
): Totals {
  return {
    sessions: 3,
    machines: 1,
    pages: 1300,
    frames: 128,
    manager: { pages: 12, frames: 4, faults: 40, isToEnd: true, faultsBack: 30 },
    barriers: 70,
    acknowledgedGroups: 70,
    bytesWritten: 9e7,
    jobMs: 12_000,
    ...changed,
    progress: {
      readBytes: 5e7,
      totalBytes: 1e8,
      words: 1e6,
      wordsPerSecond: 5e5,
      faults: 12_345,
      discardsDirty: 2000,
      discardsClean: 3000,
      reReads: 2500,
      snapshots: 20,
      heldMsMean: 0.4,
      heldMsMax: 1.2,
      diskBytes: 6e7,
      ...changed.progress,
    },
  }
}
