/**
 * What a disk driver asks of its barrier thread, which does nothing else, so that no write waits for a barrier.
 */
import { call, group } from '../signature.js'

export const barrierCalls = group(0x480, {
  barrierSync: call({
    kind: 'device',
    by: 'disk driver',
    name: 'barrier_sync',
    doc: 'fdatasync of the disk’s file.',
    args: {},
    result: {},
    causes: {
      io_error:
        'The system refused fdatasync; the sentence has its words. Nobody knows what of the unsynced writes is there, so the driver goes offline.',
    },
    idempotent: false,
    afterCrash: 'Everything written before the call can be read back.',
  }),
})
