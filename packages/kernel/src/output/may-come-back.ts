/**
 * Output of containers that are gone and that a kept line may bring back. How far it was told stays known: a number that was used once more
 * would be taken for a line that was told, and whoever listens would not hear it.
 */
import type { Machine } from '../machine.js'
import type { ContainerOutput } from './output.js'

/** Whether its container is on a kept line, or lines of it that were to be told then. */
export const mayComeBack = (
  { kept }: Machine,
  { slot, generation }: Pick<ContainerOutput, 'slot' | 'generation'>,
): boolean =>
  kept.all.some(({ record: { state, untaken = [] } }) =>
    [...state.containers, ...untaken].some(
      (each) => each.slot === slot && each.generation === generation,
    ),
  )
