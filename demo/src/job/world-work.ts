/** What the world's process asks of its world: the container and loci of the index, and its export. */
import { fileURLToPath } from 'node:url'
import type { World } from 'katydid'
import type { ExportTask, IndexTask } from '../program/tasks.js'
import { progressFile } from './progress-file.js'
import type { WorldJob } from './messages.js'

const program = fileURLToPath(new URL('../program/word-index.program.js', import.meta.url))
const container = 'word-index'
/** Addresses only: a page takes room when it is first touched. */
const containerBytes = 1024 ** 3

/**
 * Starts the loci, or finds them as the world remembers them. The outer promise settles when they run, the inner one
 * when all have ended and that is recoverable.
 */
export async function startIndexing(
  world: World,
  job: WorldJob,
): Promise<{ readonly ended: Promise<void> }> {
  const index = await world.createContainer({ name: container, size: containerBytes, program })
  const handles = []
  for (let locus = 0; locus < job.loci; locus++) {
    const args: IndexTask = {
      task: 'index',
      fileList: job.fileList,
      progress: progressFile(job.folder, locus),
      first: locus,
      step: job.loci,
    }
    handles.push(await world.startLocus(index, { name: `indexer-${locus}`, args }))
  }
  const ended = Promise.all(handles.map((each) => each.result())).then(() => undefined)
  return { ended }
}

/** Writes the index to a file, one line a word, by a program that runs in its container. */
export async function exportIndex(
  world: World,
  to: string,
): Promise<{ words: number; pages: number }> {
  const index = await world.createContainer({ name: container, size: containerBytes, program })
  const args: ExportTask = { task: 'export', to }
  const name = `exporter-${process.pid}`
  const { result } = await (await world.startLocus(index, { name, args })).result()
  return result as { words: number; pages: number }
}
