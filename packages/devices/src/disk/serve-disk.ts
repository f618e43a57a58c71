/** A disk core behind a messenger: declared calls in, declared answers out. */
import { barrierCalls, diskCalls, type PortId } from '@katydid/abi'
import { invariant, later, type Messenger } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { asFault } from './block-file.js'
import type { DiskCore } from './disk-core.js'
import type { Barrier } from './durability.js'
import type { DiskMeter } from './meter.js'
import type { Permission } from './permission.js'

/** Serves the disk calls to whoever may make them. Somebody calls `core.turn()` after the mail of each turn. */
export function serveDisk(messenger: Messenger, core: DiskCore, permission: Permission): void {
  invariant(!core.isClosed, 'DK17: a closed disk is not served')
  messenger.serve(diskCalls, {
    diskWrite: (args, call) => {
      const refusal = permission(call.from, 'write')
      if (refusal === null) core.write(call.from, args, (answer) => call.reply(answer))
      else core.refuseWrite(args, refusal, (answer) => call.reply(answer))
      return later
    },
    diskSync: (_, call) => {
      const refusal = permission(call.from, 'write')
      if (refusal !== null) return refusal
      core.sync((answer) => call.reply(answer))
      return later
    },
    diskFree: ({ segments }, call) =>
      permission(call.from, 'write') ?? core.free(call.from, segments),
    diskTrim: ({ from }, call) => permission(call.from, 'write') ?? core.trim(call.from, from),
    diskScan: (args, call) => {
      const refusal = permission(call.from, 'read')
      if (refusal !== null) return refusal
      core.scan(call.from, args, (answer) => call.reply(answer))
      return later
    },
    diskStatus: (_, call) => permission(call.from, 'read') ?? core.status(),
    diskSegment: ({ segment }, call) =>
      permission(call.from, 'read') ?? core.segment(call.from, segment),
  })
}

/** Serves barriers on the file: what the barrier thread does, and all it does. */
export function serveBarrier(messenger: Messenger, file: BlockFile, meter: DiskMeter): void {
  messenger.serve(barrierCalls, {
    barrierSync: () => {
      try {
        file.sync()
      } catch (error) {
        const fault = asFault(error, 'barrier')
        invariant(fault.code !== '', 'DK12: a failed barrier says why')
        return { status: 'io_error', detail: fault.message }
      }
      meter.add('barriers')
      return { status: 'ok' }
    },
  })
}

/** A device that answers no barrier for so long is as good as gone; until then its waiters' own deadlines hold. */
const barrierDeadlineMs = 600_000

/** Barriers by the thread at `port`. No answer is as bad as a refusal: nobody knows what reached the disk. */
export function barrierAt(messenger: Messenger, port: PortId): Barrier {
  return {
    begin: (done) => {
      messenger.call(
        port,
        barrierCalls.barrierSync,
        {},
        (reply) => done(reply.status === 'ok' ? null : reply.detail),
        barrierDeadlineMs,
      )
    },
  }
}
