/** Managers that are wrong about snapshots, and about what is left of them. */
import { diskCalls, type AnySignature, type ArgsOf } from '@katydid/abi'
import { MiddleMessenger } from './middle-messenger.js'
import type { Way } from './way.js'

export const diesInSnapshot: Way = {
  doc: 'dies when a snapshot of a container is asked for',
  create: ({ die }) => ({
    upcalls: (real) => ({
      containerSnapshot: (args, call) => {
        // Its own container goes by token 1; without its root page it would not come up at all.
        if (args.cont !== 1) die()
        return real.containerSnapshot(args, call)
      },
    }),
  }),
}

export const liesThatItIsStable: Way = {
  doc: 'reports a snapshot stable whose commit record it never wrote',
  create: () => ({
    messenger: (real) =>
      new MiddleMessenger(real, {
        args: <S extends AnySignature>(signature: S, args: ArgsOf<S>) => {
          if ((signature as AnySignature) !== diskCalls.diskWrite) return args
          const write = args as unknown as ArgsOf<typeof diskCalls.diskWrite>
          // Sent as a note that nobody can read: the disk is durable, the commit is not there.
          const records = write.records.map((each) =>
            each.kind === 'commit' ? { kind: 'note' as const, content: new Uint8Array(1) } : each,
          )
          return { ...write, records } as unknown as ArgsOf<S>
        },
      }),
  }),
}

export const showsStaleVersion: Way = {
  doc: 'says ok to cont_rollback and goes on with what it has',
  create: () => {
    const known = new Set<number>()
    return {
      upcalls: (real) => ({
        contRollback: (args, call) => {
          // The first says where the container is; without that it could serve no fault of it.
          if (known.has(args.cont)) return { status: 'ok' }
          known.add(args.cont)
          return real.contRollback(args, call)
        },
        containerSnapshot: (args, call) => {
          known.add(args.cont)
          return real.containerSnapshot(args, call)
        },
      }),
    }
  },
}

export const knowsEveryInterval: Way = {
  doc: 'answers state_interval_query with stable, whatever it is asked for',
  create: () => ({
    upcalls: () => ({ stateIntervalQuery: () => ({ status: 'ok', state: 'stable' }) }),
  }),
}

export const knowsNoInterval: Way = {
  doc: 'answers state_interval_query with none, whatever it is asked for',
  create: () => ({
    upcalls: () => ({ stateIntervalQuery: () => ({ status: 'ok', state: 'none' }) }),
  }),
}
