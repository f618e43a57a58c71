/** Watches what memory this thread hands to workers, at their start and over each port: whose regions each worker can reach. */
import { createRequire, syncBuiltinESMExports } from 'node:module'
import type * as threads from 'node:worker_threads'

type Threads = typeof threads
type Way = object

/** Regions are larger than anything else that is shared. */
const leastRegionBytes = 1024 * 1024

export interface MemoryWays {
  /** Regions that workers were handed, by the worker’s name or number. */
  regions(): ReadonlyMap<string, ReadonlySet<SharedArrayBuffer>>
  restore(): void
}

/** Watches every worker that is started from now on. */
export function watchMemory(): MemoryWays {
  const module = createRequire(import.meta.url)('node:worker_threads') as Threads
  const { Worker, MessageChannel, MessagePort } = module
  /** Whom a port of this thread leads to, once that is known. */
  const other = new WeakMap<Way, Way>()
  const given = new Map<Way, Set<SharedArrayBuffer>>()
  const names = new Map<Way, string>()
  const peers = new WeakMap<Way, Way>()
  /** A worker’s own port is a part of it. */
  let isInWorker = false
  const within = <T>(act: () => T): T => {
    isInWorker = true
    try {
      return act()
    } finally {
      isInWorker = false
    }
  }
  const give = (way: Way, value: unknown): void => {
    if (isInWorker) return
    const set = given.get(way) ?? new Set<SharedArrayBuffer>()
    given.set(way, set)
    for (const each of sharedIn(value)) set.add(each)
    for (const port of portsIn(value, MessagePort)) {
      const here = other.get(port)
      if (here !== undefined) peers.set(here, way)
    }
  }
  class WatchedWorker extends Worker {
    constructor(file: string | URL, options: threads.WorkerOptions = {}) {
      isInWorker = true
      super(file, options)
      isInWorker = false
      names.set(this, `${options.name ?? 'worker'} ${names.size}`)
      give(this, [options.workerData, options.transferList])
    }
    override postMessage(value: unknown, transfer?: readonly threads.Transferable[]): void {
      give(this, [value, transfer])
      within(() => super.postMessage(value, transfer))
    }
  }
  class WatchedChannel extends MessageChannel {
    constructor() {
      super()
      other.set(this.port1, this.port2)
      other.set(this.port2, this.port1)
    }
  }
  // Called with its own port, and put back.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { postMessage } = MessagePort.prototype
  MessagePort.prototype.postMessage = function (
    this: threads.MessagePort,
    value: unknown,
    ...more: readonly never[]
  ): void {
    give(this, [value, more])
    postMessage.call(this, value, ...more)
  }
  const mutable = module as { Worker: typeof Worker; MessageChannel: typeof MessageChannel }
  mutable.Worker = WatchedWorker
  mutable.MessageChannel = WatchedChannel
  syncBuiltinESMExports()
  return {
    regions: () => {
      const found = new Map<string, Set<SharedArrayBuffer>>()
      for (const [way, set] of given) {
        const owner = ownerOf(way, peers, names)
        const of = found.get(owner) ?? new Set<SharedArrayBuffer>()
        found.set(owner, of)
        for (const each of set) of.add(each)
      }
      return found
    },
    restore: () => {
      mutable.Worker = Worker
      mutable.MessageChannel = MessageChannel
      MessagePort.prototype.postMessage = postMessage
      syncBuiltinESMExports()
    },
  }
}

/** A port is the worker’s to whom its other end was given; one that nobody was given is its own. */
function ownerOf(way: Way, peers: WeakMap<Way, Way>, names: Map<Way, string>): string {
  let at: Way | undefined = way
  while (at !== undefined && !names.has(at)) at = peers.get(at)
  return at === undefined ? 'nobody' : names.get(at)!
}

function sharedIn(value: unknown, seen = new Set<unknown>()): SharedArrayBuffer[] {
  return [...valuesIn(value, seen)].flatMap((each) => {
    const buffer = ArrayBuffer.isView(each)
      ? each.buffer
      : ((each as { readonly buffer?: unknown }).buffer ?? each)
    return buffer instanceof SharedArrayBuffer && buffer.byteLength >= leastRegionBytes
      ? [buffer]
      : []
  })
}

const portsIn = (value: unknown, port: Threads['MessagePort']): object[] =>
  [...valuesIn(value, new Set())].filter((each) => each instanceof port)

/** The value and every object in it. */
function* valuesIn(value: unknown, seen: Set<unknown>): Generator<object> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  yield value
  if (ArrayBuffer.isView(value) || value instanceof SharedArrayBuffer) return
  const inner: Iterable<unknown> =
    value instanceof Map ? [...value].flat() : value instanceof Set ? value : Object.values(value)
  for (const each of inner) yield* valuesIn(each, seen)
}
