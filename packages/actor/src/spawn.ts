/**
 * Starts actors on worker threads and sees them end. Runs on the thread that supervises: the one that opened the world.
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
import { bootKey, type BootData, type PostedOrder } from './boot.js'
import { ControlLink, type Remote } from './control.js'
import { invariant } from './invariant.js'
import { dropMail } from './mailbox-reader.js'
import { bellWord, ringPort } from './peers.js'
import { Region, type RegionHandle } from './region.js'

/** What an actor is started as. */
export interface SpawnSeat {
  /** Its name, for reports; of the first that of the thread, too. */
  readonly name: string
  readonly port: PortId
  /** Higher than that of every earlier incarnation at this port. */
  readonly generation: Generation
  readonly data: unknown
  readonly onOrder?: (order: Order) => void
}

interface ThreadOptions {
  /** The worker's file: built JavaScript. */
  readonly file: URL
  readonly region: RegionHandle
  readonly resourceLimits?: ResourceLimits
}

export type SpawnOptions = ThreadOptions & SpawnSeat

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

/** Starts an actor on a thread of its own; what it does is in `file`. */
export function spawnActor<Api>(options: SpawnOptions): SpawnedActor<Api> {
  const { file, region, resourceLimits, ...seat } = options
  const thread = { file, region, ...(resourceLimits === undefined ? {} : { resourceLimits }) }
  return spawnTogether(thread, [seat])[0] as SpawnedActor<Api>
}

/** Starts actors on one thread, in their order; they end together. */
export function spawnTogether(
  { file, region: handle, resourceLimits }: ThreadOptions,
  seats: readonly SpawnSeat[],
): SpawnedActor<unknown>[] {
  const region = new Region(handle)
  for (const { port, generation } of seats) begin(region, port, generation)
  const channels = seats.map(() => new MessageChannel())
  const boot: BootData = {
    region: handle,
    seats: seats.map(({ port, generation, data }, nth) => {
      return { port, generation, data, control: channels[nth]!.port2 }
    }),
  }
  const worker = new Worker(file, {
    name: seats[0]!.name,
    workerData: { [bootKey]: boot },
    transferList: channels.map(({ port2 }) => port2),
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  })
  let terminated: string | null = null
  let thrown: unknown = null
  let threw = false
  worker.on('error', (error: unknown) => {
    threw = true
    thrown = error
  })
  // Whatever a thread may post: it orders only as who it is.
  worker.on('message', (posted: Partial<PostedOrder> | null | undefined) => {
    const seat = seats.find(({ port }) => port === posted?.port)
    if (posted?.order !== undefined) seat?.onOrder?.(posted.order)
  })
  const exited = new Promise<number>((resolve) => {
    worker.once('exit', resolve)
  })
  const ends = async ({ name, port, generation }: SpawnSeat, link: ControlLink<unknown>) => {
    const code = await exited
    // The answer that it gave last may lie in its port still.
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    const [event, detail] = threw ? endedBy(thrown) : endedWith(code, terminated)
    const status = threw ? statusIn(thrown) : null
    region.words.store(region.actorWord(port, 'state'), actorStates.dead)
    link.end(`${name} has ended (${event}: ${detail}); its successor does not know of the call`)
    // Whoever waits for it learns of it now, not at its next look a second from now.
    for (const place of region.plan.mailboxes)
      if (place.to === port) ringPort(region, place.from, bellBits.mail)
    return { event, port, generation, detail, ...(status === null ? {} : { status }) }
  }
  return seats.map((seat, nth) => {
    const { name, port, generation } = seat
    const link = new ControlLink<unknown>(channels[nth]!.port1, () =>
      ringPort(region, port, bellBits.control),
    )
    const ended: Promise<Ending> = ends(seat, link)
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
  })
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
  region.words.store(bellWord(region, port), 0)
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
