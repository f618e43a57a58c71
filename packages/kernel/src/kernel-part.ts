/** The kernel on its seat: memory and configuration go in, the host's calls come by the control port; decides nothing. */
import { RemoteCalls, type Part, type Seat } from '@katydid/actor'
import { KernelActor } from './kernel-actor.js'
import type { KernelConfig } from './machine.js'

/** What the host may ask over the control port. */
const controlOf = (kernel: KernelActor, exit: () => void) => ({
  boot: () => kernel.boot(),
  call: (call: string | number, args: unknown) => kernel.call(call, args),
  reported: (ending: Parameters<KernelActor['reported']>[0]) => kernel.reported(ending),
  accepted: (...of: Parameters<KernelActor['accepted']>) => kernel.accepted(...of),
  stop: async () => {
    const result = await kernel.stop()
    return result
  },
  /** Ends the thread; what was not recoverable is lost. */
  exit,
})
export type KernelControl = ReturnType<typeof controlOf>

export function kernelPart({ region, endpoint, clock, data, trace, order }: Seat): Part {
  const config = data as KernelConfig
  const { machines } = config
  const kernel = new KernelActor({
    region,
    messenger: endpoint,
    clock,
    config,
    ...(machines === undefined
      ? {}
      : { others: { ...machines, remote: new RemoteCalls(endpoint, clock) } }),
    order,
    date: Date.now,
    trace: (kind, a, b) => trace.event(kind, a, b),
  })
  let isOver = false
  // Its outcome is told by events; whoever calls boot() is answered too.
  void kernel.boot()
  return {
    control: controlOf(kernel, () => {
      isOver = true
    }),
    turn: () => kernel.turn(),
    isOver: () => isOver,
  }
}
