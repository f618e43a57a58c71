/** Stands for a kernel in `link`: serves one call of another machine, and makes it, blocking, as often as it is told. */
import { actorPorts, asInterval, asMachine, asToken, managerUpcalls } from '@katydid/abi'
import {
  actorBoot,
  bellOf,
  Endpoint,
  exposeControl,
  Region,
  RemoteCalls,
  serveForever,
  systemClock,
} from '@katydid/actor'

const boot = actorBoot()
const region = new Region(boot.region)
const bell = bellOf(region, boot.port)
const endpoint = new Endpoint({ region, port: boot.port, clock: systemClock, bell })
const remote = new RemoteCalls(endpoint, systemClock)
remote.serve(managerUpcalls, {
  invokeNoSupport: ({ params }) => ({
    status: 'ok',
    decision: 'migrate_to',
    machine: asToken(params.length),
  }),
})

const control = {
  /** Microseconds that each call took. */
  calls(machine: number, times: number, bytes: number): number[] {
    const params = new Uint8Array(bytes)
    const args = { machineId: asToken(1), cont: asToken(1), stateInterval: asInterval(1), params }
    const there = remote.to(asMachine(machine))
    return Array.from({ length: times }, () => {
      const from = performance.now()
      const reply = there.callSync(actorPorts.kernel, managerUpcalls.invokeNoSupport, args)
      if (reply.status !== 'ok') throw new Error(`${reply.status}: ${reply.detail}`)
      return (performance.now() - from) * 1000
    })
  },
}
export type LinkKernelControl = typeof control
exposeControl(control)
await serveForever({ endpoint, bell, stopped: () => false })
