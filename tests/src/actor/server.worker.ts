/** An actor for tests: a manager's port that answers upcalls, and control functions that end it in every way. */
import { managerUpcalls, refuse, type Answer } from '@katydid/abi'
import {
  actorBoot,
  bellOf,
  Endpoint,
  exposeControl,
  later,
  order,
  Region,
  serveForever,
  systemClock,
  TraceRing,
  type IncomingCall,
} from '@katydid/actor'

const boot = actorBoot()
const region = new Region(boot.region)
const bell = bellOf(region, boot.port)
const trace = new TraceRing(region, boot.port)
const endpoint = new Endpoint({ region, port: boot.port, clock: systemClock, bell, trace })
const faults: number[] = []
const held: IncomingCall<typeof managerUpcalls.containerSnapshot>[] = []
let stopped = false
let pending: (() => void) | null = null

endpoint.serve(managerUpcalls, {
  containerFault: ({ addr, accessType }) => {
    faults.push(addr)
    return accessType === 'execute'
      ? refuse('access_denied', 'nothing is executed here')
      : { status: 'ok' }
  },
  pageDiscard: () => ({ status: 'ok' }),
  invokeNoSupport: ({ params, machineId }) =>
    params.length > 0
      ? { status: 'ok', decision: 'migrate_to', machine: machineId }
      : refuse('not_supported', 'an empty block'),
  // Never answered unless control says so: for deadlines, late answers and deaths.
  containerSnapshot: (_args, call) => {
    held.push(call)
    return later
  },
  stateIntervalQuery: ({ stateInterval }) => ({
    status: 'ok',
    state: stateInterval > 5 ? 'none' : 'stable',
  }),
  containerStabiliseRequest: () => {
    throw new Error('a handler that throws')
  },
  snapshotIsRecoverable: () => ({ status: 'ok' }),
  contRollback: (): Answer<typeof managerUpcalls.contRollback> => ({ status: 'ok' }),
  containerDestroyed: () => ({ status: 'ok' }),
})

export interface ServerControl {
  add(a: number, b: number): number
  data(): unknown
  faults(): readonly number[]
  answerHeld(): number
  report(): void
  refuse(): void
  fail(): void
  stop(): void
  exit(code: number): void
  throwLater(): void
  eatMemory(): void
  spin(): void
}

const control: ServerControl = {
  add: (a, b) => a + b,
  data: () => boot.data,
  faults: () => faults,
  answerHeld: () => {
    for (const call of held) call.reply({ status: 'ok' })
    return held.splice(0).length
  },
  report: () =>
    order({
      order: 'report',
      event: { kind: 'failed', status: 'ok', detail: 'a word to the host' },
    }),
  refuse: () => {
    throw Object.assign(new Error('the disk is full of tests'), { status: 'disk_full' })
  },
  fail: () => {
    throw new TypeError('an ordinary error')
  },
  stop: () => {
    stopped = true
  },
  exit: (code) => process.exit(code),
  throwLater: () => {
    pending = () => {
      throw new Error('thrown from the loop')
    }
  },
  eatMemory: () => {
    pending = () => {
      const all: unknown[] = []
      for (;;) all.push(Array.from({ length: 10_000 }, (_, n) => ({ n })))
    }
  },
  spin: () => {
    pending = () => {
      for (;;) Math.random()
    }
  },
}
exposeControl(control)
await serveForever({
  endpoint,
  bell,
  stopped: () => stopped,
  onTurn: () => {
    pending?.()
    return Infinity
  },
})
