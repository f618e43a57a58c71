/**
 * Writes versions: each one's dirty pages in batches, then its commit record with a barrier, then state_interval_stable.
 *
 * Versions of one container are written one after the other. A version that cannot be written is reported and never
 * acknowledged; it is tried again when the kernel asks to stabilise it, or goes into the next version.
 */
import { actorPorts, managerDowncalls, type Frame } from '@katydid/abi'
import { beginTransfer } from '@katydid/memory'
import { invariant } from '@katydid/actor'
import type { Context } from './context.js'
import type { Delta } from '../paging/delta.js'
import type { Departures } from '../paging/departures.js'
import { commitRecord, listOf } from './listing.js'
import type { LogRecord, WriteReply } from '../paging/disk-writer.js'
import type { ManagedContainer } from './managed-container.js'
import { failWrite, settleWrite } from '../paging/page-write.js'
import { replayFrom } from './replay-from.js'

export class Flush {
  readonly #context: Context
  readonly #departures: Departures
  #batches = 0

  constructor(context: Context, departures: Departures) {
    this.#context = context
    this.#departures = departures
  }

  /** Starts as many writes as may be under way. */
  settle(): void {
    for (const container of this.#context.containers.values()) {
      for (;;) {
        const version = container.versions.find((each) => each.commit === 'none')
        if (version === undefined || version.failure !== null) break
        if (version.isWritten) this.#commit(container, version)
        else if (version.dirty.size > 0 && this.#mayWrite) this.#writeBatch(container, version)
        else break
      }
    }
  }

  get #mayWrite(): boolean {
    const { options, writer } = this.#context
    return this.#batches < options.writesInFlight && !writer.waitsForRoom
  }

  /** Tries a version again that could not be written. */
  retry(version: Delta): void {
    version.failure = null
  }

  /** Says once more that a version is stable. */
  report(container: ManagedContainer, version: Delta): void {
    const { messenger } = this.#context
    invariant(version.commit === 'durable', 'MG16: only what is durable is reported stable', {
      token: container.token,
    })
    if (container.capability === null || version.interval === null || version.dropped) return
    const args = {
      cont: container.capability,
      stateInterval: version.interval,
      replayFrom: replayFrom(this.#context),
    }
    messenger.call(actorPorts.kernel, managerDowncalls.stateIntervalStable, args, (reply) => {
      // Every other refusal means that the kernel has gone back or on without it: cont_rollback says so itself.
      if (reply.status === 'timed_out') this.report(container, version)
    })
  }

  #writeBatch(container: ManagedContainer, version: Delta): void {
    const { frames, writer, options, pageBytes, region } = this.#context
    version.began(writer.next)
    invariant(version.commit === 'none', 'MG8: nothing is written after the commit', {
      token: container.token,
    })
    const pages: { page: number; frame: Frame }[] = []
    for (const page of version.dirty) {
      if (pages.length === options.batchPages) break
      const frame = version.kept.get(page) ?? container.resident.get(page)
      invariant(frame !== undefined, 'MG8: what a version has not written is in a frame', {
        token: container.token,
        page,
      })
      pages.push({ page, frame })
    }
    for (const { page, frame } of pages) {
      version.dirty.delete(page)
      version.newest.set(page, frame)
      frames.beginWrite(frame)
      beginTransfer(region, frame)
    }
    version.writing += pages.length
    this.#batches++
    const writes = pages.map(({ page, frame }) => ({
      cont: container.token,
      stateInterval: version.interval!,
      page,
      frame,
      content: null,
    }))
    writer.write(writes, [], false, pageBytes, (reply) => {
      this.#batches--
      version.writing -= pages.length
      for (const [index, { page, frame }] of pages.entries()) {
        frames.endWrite(frame)
        if (reply.status !== 'ok') {
          failWrite(this.#context, this.#departures, container, version, page, frame)
          continue
        }
        settleWrite(this.#context, container, version, page, frame, reply.places[index]!)
        if (version.kept.get(page) !== frame) continue
        version.kept.delete(page)
        this.#departures.leave(frame)
      }
      if (reply.status !== 'ok' && !writer.waitsForRoom)
        this.#fail(container, version, failureOf(reply), reply.detail)
    })
  }

  #commit(container: ManagedContainer, version: Delta): void {
    const { writer } = this.#context
    invariant(
      version.interval !== null && version.isWritten,
      'MG8: a commit follows every page of its version',
      {
        token: container.token,
        dirty: version.dirty.size,
      },
    )
    if (version.from < writer.readFrom) version.mustList = true
    const list = version.mustList ? listOf(container.token, version) : []
    version.began(writer.next)
    if (version.mustList) version.listedAt(writer.next)
    version.commit = 'sent'
    version.commitAttempted = true
    const record = commitRecord(container.token, version, version.mustList)
    this.#send(container, version, [...list, [record]])
  }

  /** One write after the other: the commit must not follow a list of which a part was refused. */
  #send(container: ManagedContainer, version: Delta, writes: readonly LogRecord[][]): void {
    const { writer, pageBytes } = this.#context
    const [next, ...rest] = writes
    const isCommit = rest.length === 0
    writer.write([], next!, isCommit, pageBytes, (reply) => {
      if (version.dropped) return
      if (reply.status !== 'ok') {
        version.commit = 'none'
        this.#fail(container, version, failureOf(reply), reply.detail)
      } else if (isCommit) {
        version.commit = 'durable'
        version.mustList = false
        this.report(container, version)
      } else this.#send(container, version, rest)
    })
  }

  #fail(
    container: ManagedContainer,
    version: Delta,
    status: 'io_error' | 'disk_full',
    sentence: string,
  ): void {
    if (version.dropped || version.failure !== null) return
    version.failure = sentence
    const detail = `snapshot ${version.interval} of container ${container.token} cannot be written: ${sentence}`
    this.#context.report({ kind: 'trouble', port: this.#context.port, status, detail })
  }
}

/** What refused the write: a disk that is full, or a device that fails. */
const failureOf = ({ status }: WriteReply): 'io_error' | 'disk_full' =>
  status === 'disk_full' ? status : 'io_error'
