/**
 * One run of the main job: find the corpus, build the index in a world that is struck, count again, compare.
 *
 * Whatever the end, no process is left, and no folder unless asked for.
 */
import { changedFiles, findCorpus, type Corpus } from './corpus/corpus.js'
import { writeFileList } from './corpus/file-list.js'
import { chooseFolder, type Folder } from './corpus/folder.js'
import type { Events } from './job/events.js'
import { JobFailure, Stopped } from './job/failure.js'
import { Job } from './job/job.js'
import { reasonsToFail } from './job/verdict.js'
import { compareIndex, countWords } from './job/verify.js'
import { keep, makeWorkFolder, type WorkFolder } from './job/work-folder.js'
import { checkAgainst, UsageError, type Options } from './options.js'

const sliceMs = 30

/** Runs the job and answers its exit status. Throws a UsageError when what was asked for cannot be done. */
export async function runMainJob(
  options: Options,
  events: Events,
  signal: AbortSignal,
): Promise<number> {
  const folder = chooseFolder(options.input)
  events.begin(options, folder)
  let work: WorkFolder | null = null
  try {
    const corpus = await findFiles(options, folder, events, signal)
    work = makeWorkFolder()
    writeFileList(work.fileList, corpus.files)
    const job = new Job(options, corpus, work, events)
    const totals = await job.run(signal)
    const result = await verify(work.index(options.machines), corpus, events, signal)
    events.summary(totals, job.recoveries)
    const unproven = reasonsToFail(totals)
    if (result.reasons.length === 0 && unproven.length > 0)
      unproven.unshift('The index is right, word for word, but that proves too little.')
    const reasons = [...result.reasons, ...unproven]
    if (reasons.length === 0) events.verified({ words: result.words, files: corpus.files.length })
    else events.failed(reasons)
    return reasons.length === 0 ? 0 : 1
  } catch (error) {
    if (error instanceof Stopped) {
      events.stopped(options.keep && work !== null ? work.path : null)
      return 130
    }
    if (!(error instanceof JobFailure)) throw error
    events.failed([error.message])
    return 1
  } finally {
    if (work !== null) leave(work, options, events)
  }
}

function leave(work: WorkFolder, options: Options, events: Events): void {
  if (!options.keep) return work.remove()
  keep(work)
  events.kept(work.path)
}

async function findFiles(
  options: Options,
  folder: Folder,
  events: Events,
  signal: AbortSignal,
): Promise<Corpus> {
  const steps = findCorpus(folder.path, folder.limitBytes)
  const corpus = await inSlices(steps, signal, (fileCount) => events.scanning(fileCount))
  if (corpus.files.length === 0)
    throw new UsageError(
      `There is no text file in ${folder.path}; give a folder with text by --input (links in it are not followed).`,
    )
  checkAgainst(options, corpus.files.length)
  events.corpus(corpus, folder)
  return corpus
}

async function verify(
  indexFiles: readonly string[],
  corpus: Corpus,
  events: Events,
  signal: AbortSignal,
): Promise<{ readonly words: number; readonly reasons: string[] }> {
  const counting = countWords(corpus.files)
  const counted = await inSlices(counting, signal, (bytes) =>
    events.verifying(bytes, corpus.byteLength),
  )
  const { words, differences, examples } = await compareIndex(indexFiles, counted)
  if (differences === 0) return { words, reasons: [] }
  const changed = changedFiles(corpus.files)
  const why =
    changed.length > 0
      ? ` Files changed while the job ran, which may be why: ${changed.slice(0, 3).join(', ')}.`
      : ''
  return {
    words,
    reasons: [
      `The index differs from the count at ${differences} of ${words} words: ${examples.join('; ')}.${why}`,
    ],
  }
}

/** Drives a generator to its end, giving the event loop a turn between slices. */
async function inSlices<T>(
  steps: Generator<number, T>,
  signal: AbortSignal,
  tell: (value: number) => void,
): Promise<T> {
  for (;;) {
    const untilMs = performance.now() + sliceMs
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
      tell(step.value)
      if (performance.now() > untilMs) break
    }
    await new Promise(setImmediate)
    if (signal.aborted) throw new Stopped()
  }
}
