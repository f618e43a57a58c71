/** The network driver's thread: its event loop brings frames from ports or sockets, its mailboxes the calls of its machine's actors. */
import { isMachineId } from '@katydid/abi'
import {
  actorBoot,
  AsyncBell,
  bellOf,
  Endpoint,
  exposeControl,
  invariant,
  Region,
  serveWithEvents,
  TickClock,
  TraceRing,
} from '@katydid/actor'
import type { NetworkControl, NetworkData } from './network/network-boot.js'
import { NetworkDriver } from './network/network-driver.js'
import { PortCarrier } from './network/port-carrier.js'
import { hasSharedMemory } from './network/shared-memory-in.js'
import { SocketCarrier } from './network/socket-carrier.js'

const boot = actorBoot()
const data = boot.data as NetworkData
invariant(!hasSharedMemory(data), 'NW15: a driver has the memory of its own machine alone')
const { machine, folder, wires, seed, ...rest } = data
const region = new Region(boot.region)
const clock = new TickClock(region)
const bell = new AsyncBell(region, boot.port)
const trace = new TraceRing(region, boot.port)
// It never blocks in a call, so the endpoint's own bell is never parked on.
const endpoint = new Endpoint({
  region,
  port: boot.port,
  clock,
  bell: bellOf(region, boot.port),
  trace,
})
const early: Uint8Array[] = []
let driver: NetworkDriver | null = null
const onFrame = (frame: Uint8Array): void => {
  if (driver === null) early.push(frame)
  else driver.arrive(frame)
  bell.wake()
}
const ports = new PortCarrier(onFrame)
const sockets = folder === undefined ? null : await SocketCarrier.open({ folder, machine, onFrame })
const carrier = sockets ?? ports
const { generation } = boot
const running = new NetworkDriver(
  { ...rest, messenger: endpoint, clock, carrier, machine, generation },
  wires,
  seed,
)
driver = running
for (const frame of early) running.arrive(frame)
const { core } = running
let isStopped = false
/** Runs a control call on a machine, and a turn after it. */
const on = (id: number, deed: (id: NetworkData['machine']) => void): void => {
  if (isMachineId(id)) deed(id)
  bell.wake()
}
const control: NetworkControl = {
  connect: (id, port) => on(id, (peer) => ports.connect(peer, port)),
  meet: (id) => on(id, (peer) => core.meet(peer)),
  forget: (id) =>
    on(id, (peer) => {
      if (peer === machine) return
      core.forget(peer)
      ports.disconnect(peer)
    }),
  cut: (from) => running.cut(from, true),
  heal: (from) => running.cut(from, false),
  replan: (plan) => running.replan(plan),
  status: () => ({
    peers: core.peers.all,
    underWay: core.calls.out.underWay,
    remembered: core.calls.in.remembered,
    dropped: core.link.dropped,
    notCarried: carrier.dropped,
  }),
  stop: () => {
    isStopped = true
    bell.wake()
  },
}
exposeControl(control)
await serveWithEvents({
  endpoint,
  bell,
  onTurn: () => running.turn(),
  stopped: () => isStopped,
})
ports.close()
await sockets?.close()
