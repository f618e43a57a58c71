/** The network driver on its seat: the event loop brings frames from ports or sockets, its mailboxes the calls of its machine's actors. */
import { isMachineId } from '@katydid/abi'
import { invariant, type Part, type Seat } from '@katydid/actor'
import type { NetworkControl, NetworkData } from './network-boot.js'
import { NetworkDriver } from './network-driver.js'
import { PortCarrier } from './port-carrier.js'
import { hasSharedMemory } from './shared-memory-in.js'
import { SocketCarrier } from './socket-carrier.js'

export async function networkPart(seat: Seat): Promise<Part> {
  const { endpoint, clock, generation, wake } = seat
  const data = seat.data as NetworkData
  invariant(!hasSharedMemory(data), 'NW15: a driver has the memory of its own machine alone')
  const { machine, folder, wires, seed, ...rest } = data
  const early: Uint8Array[] = []
  let driver: NetworkDriver | null = null
  const onFrame = (frame: Uint8Array): void => {
    if (driver === null) early.push(frame)
    else driver.arrive(frame)
    wake()
  }
  const ports = new PortCarrier(onFrame)
  const sockets =
    folder === undefined ? null : await SocketCarrier.open({ folder, machine, onFrame })
  const carrier = sockets ?? ports
  const running = new NetworkDriver(
    { ...rest, messenger: endpoint, clock, carrier, machine, generation },
    wires,
    seed,
  )
  driver = running
  for (const frame of early) running.arrive(frame)
  const { core } = running
  let isOver = false
  const on = (id: number, deed: (id: NetworkData['machine']) => void): void => {
    if (isMachineId(id)) deed(id)
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
      isOver = true
    },
  }
  const close = async (): Promise<void> => {
    ports.close()
    await sockets?.close()
  }
  return { control, turn: () => running.turn(), isOver: () => isOver, close }
}
