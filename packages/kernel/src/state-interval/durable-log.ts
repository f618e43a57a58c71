/** The kernel's use of the disk's log: records with a barrier, the scan at boot, trimming. */
import {
  actorPorts,
  asPosition,
  diskCalls,
  type ArgsOf,
  type RecordKind,
  type Reply,
  type Status,
} from '@katydid/abi'
import { ask, invariant, unreachable, type Messenger, type Script } from '@katydid/actor'
import { packRecord, type KernelRecord } from './records.js'
import { splitRecord } from './parts.js'

type DiskScan = (typeof diskCalls)['diskScan']

export interface FoundRecord {
  readonly kind: RecordKind
  readonly position: number
  readonly content: Uint8Array
}

/** How a write or scan came out. */
export interface Outcome {
  readonly status: Status
  readonly detail: string
}

/** A barrier behind a long queue of pages may take its time; a disk that is silent for longer has failed. */
const writeMs = 60_000
const scanLimit = 256

export class DurableLog {
  readonly #messenger: Messenger
  #position = 0

  constructor(messenger: Messenger) {
    this.#messenger = messenger
  }

  /** The highest position any answer has named: what is written from now on lies behind it. */
  get position(): number {
    return this.#position
  }

  /** Writes records in this order; answers when all are durable. */
  *write(records: readonly KernelRecord[]): Script<Outcome> {
    invariant(records.length > 0, 'SI19: there is something to write', {})
    const contents = records.flatMap((record) =>
      splitRecord(nameOf(record), packRecord(record)).map((content) => ({
        kind: record.kind,
        content,
      })),
    )
    for (const [index, content] of contents.entries()) {
      const barrier = index === contents.length - 1
      const args = { pages: [], records: [content], barrier }
      const reply = yield* ask(this.#messenger, actorPorts.disk, diskCalls.diskWrite, args, writeMs)
      if (reply.status !== 'ok') return { status: reply.status, detail: reply.detail }
      this.#saw(reply.position)
    }
    return { status: 'ok', detail: '' }
  }

  /** Everything the log holds of the kernel's, in log order, and what the disk says of damage. */
  *scan(): Script<Outcome & { readonly found: FoundRecord[]; readonly damage: string | null }> {
    const found: FoundRecord[] = []
    const state = yield* ask(this.#messenger, actorPorts.disk, diskCalls.diskStatus, {}, writeMs)
    if (state.status !== 'ok') return { ...state, found, damage: null }
    this.#saw(state.lastPosition)
    let cursor: number | null = 0
    while (cursor !== null) {
      const args: ArgsOf<DiskScan> = { from: asPosition(0), cursor, limit: scanLimit }
      const page: Reply<DiskScan> = yield* ask(
        this.#messenger,
        actorPorts.disk,
        diskCalls.diskScan,
        args,
        writeMs,
      )
      if (page.status !== 'ok') return { ...page, found, damage: state.damage }
      found.push(...page.records)
      invariant(page.next === null || page.next > cursor, 'DK1: a scan goes forward', { cursor })
      cursor = page.next
    }
    return { status: 'ok', detail: '', found, damage: state.damage }
  }

  /** Records up to this position are not needed any more. Nothing waits for it: if it is lost, more is read at the next start. */
  trim(after: number): void {
    const from = asPosition(after + 1)
    this.#messenger.call(actorPorts.disk, diskCalls.diskTrim, { from }, () => {})
  }

  #saw(position: number): void {
    this.#position = Math.max(this.#position, position)
  }
}

function nameOf(record: KernelRecord): { session: number; id: number } {
  const { session } = record
  switch (record.kind) {
    case 'capture':
      return { session, id: record.capture }
    case 'line':
    case 'output':
    case 'kept_line':
      return { session, id: record.number }
    case 'root_page':
      return { session, id: record.interval }
    case 'inputs':
      return { session, id: record.number }
    default:
      return unreachable(record)
  }
}
