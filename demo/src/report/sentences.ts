/** What is said of each event, for people: one line or a few, without colour. */
import type { Corpus } from '../corpus/corpus.js'
import type { Folder } from '../corpus/folder.js'
import type { BlowReport, Recovery, Snapshot, Totals } from '../job/events.js'
import { bytes, counted, duration, percent, whole } from './format.js'

/** Below this the default corpus says little, and the user is told how to give a better one. */
const smallBytes = 30e6
const shownUnreadable = 3

export function corpusLines(corpus: Corpus, folder: Folder): string[] {
  const { files, byteLength, binaryCount, unreadable, leftOut } = corpus
  const lines = [
    `corpus: ${counted(files.length, 'text file')}, ${bytes(byteLength)}, of ${folder.isDefault ? 'the installed dependencies' : folder.path}; ${counted(binaryCount, 'binary file')} left alone`,
  ]
  if (leftOut.fileCount > 0)
    lines.push(
      `  the first ${bytes(folder.limitBytes)} in order of path are taken; ${counted(leftOut.fileCount, 'more file')} (${bytes(leftOut.byteLength)}) left out`,
    )
  for (const { path, reason } of unreadable.slice(0, shownUnreadable))
    lines.push(`  cannot be read: ${path}: ${reason}`)
  if (unreadable.length > shownUnreadable)
    lines.push(`  cannot be read: ${unreadable.length - shownUnreadable} more`)
  if (byteLength < smallBytes)
    lines.push(
      `  this is less than ${bytes(smallBytes)}; to index more, run: npm start -- --input FOLDER`,
    )
  return lines
}

export function progressLine(now: Snapshot): string {
  return [
    `${percent(now.readBytes, now.totalBytes).padStart(4)} ${bytes(now.readBytes)}`,
    `${whole(now.wordsPerSecond)} words/s`,
    `faults ${whole(now.faults)}`,
    `discards ${whole(now.discardsDirty + now.discardsClean)} (${whole(now.discardsDirty)} dirty)`,
    `re-reads ${whole(now.reReads)}`,
    `snapshots ${whole(now.snapshots)}`,
    `stop ${duration(now.heldMsMean)} (most ${duration(now.heldMsMax)})`,
    `disk ${bytes(now.diskBytes)}`,
  ].join(' | ')
}

export function blowLine(blow: BlowReport): string {
  return `blow ${blow.number} at ${percent(blow.atBytes, blow.totalBytes, 1)}: ${struck(blow)}; in flight ${inFlight(blow)}`
}

function struck({ kind, machine, isOurs }: BlowReport): string {
  if (kind === 'manager') return 'manager’s worker terminated'
  if (kind === 'machine') return `all threads of machine ${machine} terminated`
  return `world’s process killed by SIGKILL${isOurs ? '' : ', not by this job'}`
}

function inFlight({ openSnapshots, openPages }: BlowReport): string {
  return `${counted(openSnapshots, 'snapshot')} not yet recoverable, ${counted(openPages, 'page')} written since the last fdatasync`
}

export function recoveryLine(recovery: Recovery): string {
  return `blow ${recovery.number}: ${costs(recovery)}`
}

function costs({ kind, recoveryMs, againBytes, againFraction, ownFaults }: Recovery): string {
  const root =
    kind === 'manager' && ownFaults !== null
      ? ` from its root page, and ${counted(ownFaults, 'fault')} on its own maps since`
      : ''
  return `running again after ${duration(recoveryMs)}${root}; ${bytes(againBytes)} (${percent(againFraction, 1, 1)}) to be done again`
}

export function summaryLines(totals: Totals, recoveries: readonly Recovery[]): string[] {
  const { progress, pages, frames, manager } = totals
  return [
    'summary',
    `  index: ${whole(pages)} pages in ${whole(frames)} frames ${totals.machines === 1 ? '' : `of ${totals.machines} machines `}(${(pages / frames).toFixed(1)} times as many), in ${duration(totals.jobMs)} and ${totals.sessions === 1 ? '1 process' : `${totals.sessions} processes`}`,
    `  paging: ${whole(progress.faults)} faults, ${whole(progress.discardsDirty)} dirty and ${whole(progress.discardsClean)} clean discards, ${whole(progress.reReads)} re-reads`,
    `  the manager's maps: ${whole(manager.pages)} pages in ${whole(manager.frames)} frames, ${counted(manager.faults, 'fault')}`,
    `  durability: ${counted(progress.snapshots, 'snapshot')}, stop ${duration(progress.heldMsMean)} on average and ${duration(progress.heldMsMax)} at most; ${whole(totals.acknowledgedGroups)} acknowledged groups, ${whole(totals.barriers)} fdatasync, ${bytes(totals.bytesWritten)} written, ${bytes(progress.diskBytes)} on disk`,
    ...recoveries.map((each) => `  ${blowLine(each)}; ${costs(each)}`),
  ]
}
