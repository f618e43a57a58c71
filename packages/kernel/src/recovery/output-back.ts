/** Output goes back with its container: lines of intervals that are lost never were; what was told stays told. */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { mayComeBack } from '../output/may-come-back.js'
import type { ContainerOutput } from '../output/output.js'
import type { KnownPoint } from './known-points.js'

/** Of these containers, of all if not given. `points`: what they go back to; who has none never was. */
export function outputGoesBack(
  machine: Machine,
  points: readonly KnownPoint[],
  those: (slot: number) => boolean = () => true,
): void {
  const back = new Set<ContainerOutput>()
  for (const { output, container, capture } of points) {
    if (output === null) continue
    const restored = machine.output.goBack(output)
    if (container === null) restored.endedAfter ??= capture.after
    back.add(restored)
  }
  for (const output of machine.output.all()) {
    // What ended on the line waits only to be told.
    if (back.has(output) || output.endedAfter !== null || !those(output.slot)) continue
    const isThere = points.some(
      ({ container }) =>
        container?.slot === output.slot && container.generation === output.generation,
    )
    // Only an administrator goes back behind what was given to the console.
    invariant(
      output.given === output.told || isThere || output.isOver,
      'DV2: what is told is on the line',
      { slot: output.slot },
    )
    // Its number goes on: a host may have seen volatile lines of it, and a point from before its first line has no output.
    if (isThere || mayComeBack(machine, output)) output.goBack(null)
    else machine.output.forget(output)
    output.isOver = !isThere
  }
}
