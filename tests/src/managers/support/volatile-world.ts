/** Worlds of the simulator around a manager that keeps nothing. */
import { demandZeroDefaults, DemandZeroManager, type DemandZeroOptions } from '@katydid/managers'
import type { WorldShape } from './sim-world.js'

type Create = NonNullable<WorldShape['manager']>
type Given = Parameters<Create>

/** A manager without snapshots, as the simulated world wants one: asked to stabilise itself it says no. */
export const keepsNothing =
  (create: (surroundings: Given[0], boot: Given[1]) => { turn(): number }): Create =>
  (surroundings, boot) => {
    const manager = create(surroundings, boot)
    return {
      turn: () => manager.turn(),
      stabilise: (done) => done(false),
    }
  }

/** The demand-zero manager with these options. */
export const demandZero = (options: Partial<DemandZeroOptions> = {}): Create =>
  keepsNothing(
    (surroundings, boot) =>
      new DemandZeroManager(
        { ...surroundings, options: { ...demandZeroDefaults, ...options } },
        boot,
      ),
  )
