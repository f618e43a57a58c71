/** What the world's process asks of its world: the container and loci of the index, and its export. */
import { fileURLToPath } from 'node:url'
import { KatydidError, type LocusHandle, type World } from 'katydid'
import type { ExportTask, IndexTask } from '../program/tasks.js'
import { progressFile } from './progress-file.js'
import type { WorldJob } from './messages.js'

const program = fileURLToPath(new URL('../program/word-index.program.js', import.meta.url))
const container = 'word-index'
/** Addresses only: a page takes room when it is first touched. */
const containerBytes = 1024 ** 3

/** How often a world that went back to before its loci is started on its way again. */
const patience = 20

/**
 * Starts the loci, or finds them as the world remembers them, and calls `onRunning`. Settles when all have ended and that
 * is recoverable. A world that goes back to before its loci were made (its first snapshot was not recoverable yet)
 * has lost nothing it said it had: they are made again.
 */
export async function index(world: World, job: WorldJob, onRunning: () => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const loci = await startLoci(world, job)
    if (attempt === 1) onRunning()
    try {
      await Promise.all(loci.map((each) => each.result()))
      return
    } catch (error) {
      const isGone = error instanceof KatydidError && error.status === 'locus_lost'
      if (!isGone || attempt === patience) throw error
    }
  }
}

async function startLoci(world: World, job: WorldJob): Promise<LocusHandle[]> {
  const home = await world.createContainer({ name: container, size: containerBytes, program })
  const handles: LocusHandle[] = []
  for (let locus = 0; locus < job.loci; locus++) {
    const args: IndexTask = {
      task: 'index',
      fileList: job.fileList,
      progress: progressFile(job.folder, locus),
      first: locus,
      step: job.loci,
    }
    handles.push(await world.startLocus(home, { name: `indexer-${locus}`, args }))
  }
  return handles
}

/** Writes the index to a file, one line a word, by a program that runs in its container. */
export async function exportIndex(
  world: World,
  to: string,
): Promise<{ words: number; pages: number }> {
  const home = await world.createContainer({ name: container, size: containerBytes, program })
  const args: ExportTask = { task: 'export', to }
  const name = `exporter-${process.pid}`
  const { result } = await (await world.startLocus(home, { name, args })).result()
  return result as { words: number; pages: number }
}
