/** What the world's process asks of its world: the container and loci of the index, and its export. */
import { fileURLToPath } from 'node:url'
import { rights } from '@katydid/abi'
import { KatydidError, type Container, type LocusHandle, type World } from 'katydid'
import type { ExportResult, ExportTask, IndexTask, Shard } from '../program/tasks.js'
import { machineOf } from './placing.js'
import { progressFile } from './progress-file.js'
import type { WorldJob } from './messages.js'

const program = fileURLToPath(new URL('../program/word-index.program.js', import.meta.url))
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
  const homes = await containersOf(world, job.machines)
  const { loci } = await world.status()
  const handles: LocusHandle[] = []
  for (let locus = 0; locus < job.loci; locus++) {
    const name = `indexer-${locus}`
    const home = homes[machineOf(locus, job.machines) - 1]!
    // One that is there has its arguments, and what they name.
    const isKnown = loci.some((each) => each.name === name)
    const shards = isKnown ? [] : await shardsFrom(world, home, homes)
    const args: IndexTask = {
      task: 'index',
      fileList: job.fileList,
      progress: progressFile(job.folder, locus),
      first: locus,
      step: job.loci,
      shards,
    }
    handles.push(await world.startLocus(home, { name, args }))
  }
  return handles
}

/** Writes the index, each machine's part to a file of its own, one line a word, by programs that run in its containers. */
export async function exportIndex(
  world: World,
  to: readonly string[],
): Promise<{ words: number; pages: number }> {
  const homes = await containersOf(world, to.length)
  const parts = await Promise.all(
    homes.map(async (home, nth) => {
      const args: ExportTask = { task: 'export', to: to[nth]! }
      const name = `exporter-${process.pid}-${nth + 1}`
      const { result } = await (await world.startLocus(home, { name, args })).result()
      return result as ExportResult
    }),
  )
  return parts.reduce((sum, part) => ({
    words: sum.words + part.words,
    pages: sum.pages + part.pages,
  }))
}

/** One container on each machine. */
async function containersOf(world: World, machines: number): Promise<Container[]> {
  const homes: Container[] = []
  for (let machine = 1; machine <= machines; machine++) {
    const name = `word-index-${machine}`
    homes.push(await world.createContainer({ name, size: containerBytes, program, machine }))
  }
  return homes
}

/** What a locus in `home` merges words by. */
const shardsFrom = (world: World, home: Container, homes: readonly Container[]): Promise<Shard[]> =>
  Promise.all(
    homes.map(async (each) => (each === home ? 'here' : world.grant(home, each, rights.invoke))),
  )
