/** Somebody waits until an epoch is recoverable: managers are asked to make the snapshots it needs stable, now. */
import { asInterval, managerUpcalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { flushInputs } from '../logged/input-log.js'
import type { Machine } from '../machine.js'

/** container_stabilise_request, for the newest snapshot of each container unless it is stable or discarded; of one whose end is not recoverable yet too. */
export function askToStabilise(machine: Machine): void {
  flushInputs(machine, true)
  const ending = machine.graves.filter(({ history }) => !history.over)
  const containers = [...machine.containers.live(), ...ending.map(({ container }) => container)]
  for (const { selfManaged, intervals, manager, token, slot } of containers) {
    const image = intervals.points.get(intervals.label)
    if (selfManaged || image === undefined || image.stable || image.discarded) continue
    invariant(manager !== null, 'MG46: what was snapshotted has a manager', { slot })
    const args = { cont: token, stateInterval: asInterval(intervals.label) }
    // What comes of it is told by state_interval_stable, or by nothing: then who waits gives up in time.
    machine.messenger.call(manager, managerUpcalls.containerStabiliseRequest, args, () => {})
  }
}
