/** Somebody waits until a capture is recoverable: managers are asked to make the snapshots it needs stable, now. */
import { asInterval, managerUpcalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Capture } from './capture-table.js'

/** container_stabilise_request, for each snapshot of the capture that is neither stable nor discarded. */
export function askToStabilise(machine: Machine, capture: Capture): void {
  for (const saved of capture.record.containers) {
    const container = machine.containers.at(saved.slot)
    if (container === null || container.generation !== saved.generation) continue
    const point = container.intervals.points.get(asInterval(saved.label))
    if (point === undefined || point.stable || point.discarded) continue
    invariant(container.manager !== null, 'MG46: what was snapshotted has a manager', {
      slot: saved.slot,
    })
    const args = { cont: container.token, stateInterval: asInterval(saved.label) }
    // What comes of it is told by state_interval_stable, or by nothing: then who waits gives up in time.
    machine.messenger.call(
      container.manager,
      managerUpcalls.containerStabiliseRequest,
      args,
      () => {},
    )
  }
}
