/**
 * Starts an actor on a worker thread and sees it end. Runs on the thread that supervises: the one that opened the world.
 *
 * Of each incarnation: mail of the last one is dropped, then its generation is written, then the thread starts. `dead` is
 * written after the worker's exit event and never before: until then it may still be writing to the region.
 */
import {
  actorStates,
  bellBits,
  isLocusPort,
  statusTable,
  type Ending,
  type Generation,
  type LifeEvent,
  type Order,
  type PortId,
  type Status,
} from '@katydid/abi'
import { MessageChannel, Worker, type ResourceLimits } from 'node:worker_threads'
import { bootKey, type BootData } from './boot.js'
import { ControlLink, type Remote } from './control.js'
import { invariant } from './invariant.js'
import { dropMail } from './mailbox-reader.js'
import { ringPort } from './peers.js'
import { Region, type RegionHandle } from './region.js'

export interface SpawnOptions {
  /** The worker's file: built JavaScript. */
  readonly file: URL
  /** The thread's name, for reports and debuggers. */
  readonly name: string
  readonly region: RegionHandle
  readonly port: PortId
  /** Higher than that of every earlier incarnation at this port. */
  readonly generation: Generation
  readonly data: unknown
  readonly onOrder?: (order: Order) => void
  readonly resourceLimits?: ResourceLimits
}

export interface SpawnedActor<Api> {
  readonly name: string
  readonly port: PortId
  readonly generation: Generation
  /** Calls to the actor's control functions; see `ControlLink`. */
  readonly control: Remote<Api>
  /** Resolves once the worker has exited and its record says dead. Never rejects. */
  readonly ended: Promise<Ending>
  /** Ends the worker wherever it is; answers how it ended, which may have been something else first. */
  terminate(reason: string): Promise<Ending>
}

/** Starts an actor; what it does is in `file`. */
export function spawnActor<Api>(options: SpawnOptions): SpawnedActor<Api> {
  const { file, name, port, generation, data, onOrder, resourceLimits } = options
  const region = new Region(options.region)
  begin(region, port, generation)
  const { port1: hostSide, port2: actorSide } = new MessageChannel()
  const boot: BootData = { region: options.region, port, generation, data, control: actorSide }
  const worker = new Worker(file, {
    name,
    workerData: { [bootKey]: boot },
    transferList: [actorSide],
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  })
  const link = new ControlLink<Api>(hostSide, () => ringPort(region, port, bellBits.control))
  let terminated: string | null = null
  let thrown: unknown = null
  let threw = false
  worker.on('error', (error: unknown) => {
    threw = true
    thrown = error
  })
  if (onOrder !== undefined) worker.on('message', (message: Order) => onOrder(message))
  const ended = new Promise<Ending>((resolve) => {
    worker.once('exit', (code) => {
      const [event, detail] = threw ? endedBy(thrown) : endedWith(code, terminated)
      const status = threw ? statusIn(thrown) : null
      region.words.store(region.actorWord(port, 'state'), actorStates.dead)
      link.end(`${name} has ended (${event}: ${detail}); its successor does not know of the call`)
      // Whoever waits for it learns of it now, not at its next look a second from now.
      for (const place of region.plan.mailboxes)
        if (place.to === port) ringPort(region, place.from, bellBits.mail)
      resolve({ event, port, generation, detail, ...(status === null ? {} : { status }) })
    })
  })
  return {
    name,
    port,
    generation,
    control: link.remote,
    ended,
    terminate: (reason) => {
      terminated ??= reason
      void worker.terminate()
      return ended
    },
  }
}

/** Prepares the record and the mailboxes of a port for a new incarnation. */
function begin(region: Region, port: PortId, generation: Generation): void {
  const word = region.actorWord(port, 'generation')
  const state = region.actorWord(port, 'state')
  const last = region.words.load(word)
  invariant(!isLocusPort(port), 'AC7: spawnActor starts actors; loci have a pool', { port })
  invariant(
    last === 0 || region.words.load(state) === actorStates.dead,
    'AC7: an incarnation begins after the exit of the last',
    { port, last, generation },
  )
  invariant(generation > last, 'AC7: generations rise', { port, last, generation })
  dropMail(region, port)
  region.words.store(region.actorWord(port, 'bell'), 0)
  region.words.store(word, generation)
  region.words.store(state, actorStates.starting)
}

function endedBy(error: unknown): readonly [LifeEvent, string] {
  const code = (error as { readonly code?: unknown } | null)?.code
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? ['hwerr', detail] : ['core', detail]
}

/** Errors that are the world being itself carry a status across the end of their thread. */
function statusIn(error: unknown): Status | null {
  const status = (error as { readonly status?: unknown } | null)?.status
  return typeof status === 'string' && Object.hasOwn(statusTable, status)
    ? (status as Status)
    : null
}

function endedWith(code: number, terminated: string | null): readonly [LifeEvent, string] {
  // A worker that is terminated exits with 1; another code means that it ended by itself before that.
  if (terminated !== null && code === 1) return ['signal', terminated]
  return ['exit', `exit code ${code}`]
}
