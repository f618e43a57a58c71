/** Joins the network drivers of one process by pairs of ports, each driver that starts with all that run. A process of sockets has none. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { MachineId } from '@katydid/abi'
import type { Remote } from '@katydid/actor'
import type { NetworkControl } from '@katydid/devices'

type Driver = Remote<NetworkControl>

export class Switchboard {
  readonly #drivers = new Map<MachineId, Driver>()

  /** A driver of that machine has started, in place of an earlier one. */
  join(machine: MachineId, driver: Driver): void {
    this.#drivers.set(machine, driver)
    for (const [other, its] of this.#drivers) {
      if (other === machine) continue
      const { port1, port2 } = new MessageChannel()
      connect(driver, other, port1)
      connect(its, machine, port2)
    }
  }
}

/** One that has ended is joined anew when it starts again. */
function connect(driver: Driver, to: MachineId, port: MessagePort): void {
  driver.connect(to, port).catch(() => port.close())
}
