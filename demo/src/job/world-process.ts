/**
 * Entry of the world's process: opens the world, runs the loci, tells its parent how it goes.
 *
 * It is meant to be killed. It promises nothing but what the world promises; `done` is said only when the results are
 * recoverable. When its parent is gone it closes the world and ends; signals of a terminal are left to the parent.
 */
import { openWorld, type World } from 'katydid'
import type { FromWorld, ToWorld, WorldJob } from './messages.js'
import { CaptureWatch } from './capture-watch.js'
import { MachineLives } from './machine-lives.js'
import { exportIndex, index } from './world-work.js'

const statusEveryMs = 50
const closeWithinMs = 8000

const job = JSON.parse(process.argv[2] ?? '{}') as WorldJob
const tell = (message: FromWorld): void => {
  // The parent may be gone: then the disconnect ends this process, and nobody has to be told.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

let world: World | null = null
let captures: CaptureWatch | null = null
let lives: MachineLives | null = null
let isStopping = false

async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  setTimeout(() => process.exit(1), closeWithinMs).unref()
  await world?.close()
  process.exit(0)
}

process.on('disconnect', () => void stop())
process.on('message', (message) => {
  attempt(answer(message as ToWorld))
})
// A parent that was killed while this module was loaded has left before anybody listened.
if (process.connected) attempt(live())
else process.exit(0)

async function live(): Promise<void> {
  const startedMs = performance.now()
  world = await openWorld({
    dir: job.world,
    machines: job.machines,
    frames: job.frames,
    managerFrames: job.managerFrames,
    snapshotEveryMs: job.snapshotEveryMs,
  })
  lives = new MachineLives(world)
  captures = new CaptureWatch(world, lives)
  const { damage } = world.recovery
  const timer = setInterval(() => tellStatus(), statusEveryMs)
  await index(world, job, () =>
    tell({ kind: 'ready', recoveryMs: performance.now() - startedMs, damage }),
  )
  clearInterval(timer)
  tellStatus()
  tell({ kind: 'done' })
}

async function answer(message: ToWorld): Promise<void> {
  if (message.kind === 'stop') return stop()
  if (world === null) return
  if (message.kind === 'end-machine') {
    lives?.ends(message.machine)
    const back = isReady(world, message.machine)
    await world.killMachine(message.machine, { restart: true })
    await back
    tell({ kind: 'machine-back', blow: message.blow })
  } else if (message.kind === 'end-manager') {
    const back = isBack(world)
    await world.crashManager()
    const ownFaultsBefore = world.counters().ownFaults
    await back
    tell({ kind: 'manager-back', ownFaultsBefore })
  } else tell({ kind: 'exported', ...(await exportIndex(world, message.to)) })
  tellStatus()
}

/** Settles when the world has gone back to its line and goes on. */
function isBack(open: World): Promise<void> {
  return new Promise((resolve) => {
    const end = open.on('rollback', () => {
      end()
      resolve()
    })
  })
}

/** Settles when the machine is as it was. */
function isReady(open: World, machine: number): Promise<void> {
  return new Promise((resolve) => {
    const end = open.on('ready', (event) => {
      if (event.machine !== machine) return
      end()
      resolve()
    })
  })
}

function tellStatus(): void {
  if (lives !== null && captures !== null)
    tell({ kind: 'status', counters: lives.counters(), captures: captures.now() })
}

/** What fails here fails the job, in one sentence. */
function attempt(work: Promise<void>): void {
  work.catch((error: unknown) => {
    if (!isStopping)
      tell({ kind: 'failed', sentence: error instanceof Error ? error.message : String(error) })
  })
}
