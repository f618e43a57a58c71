/** The simulated world around a manager that keeps nothing: a demand-zero manager unless another is given. */
import type { ManagerBoot } from '@katydid/abi'
import { demandZeroDefaults, DemandZeroManager, type DemandZeroOptions } from '@katydid/managers'
import type { PagingOptions } from '@katydid/managers/paging/paging-context.js'
import type { Surroundings } from '@katydid/managers/paging/surroundings.js'
import { checksum } from '@katydid/memory'
import { SimWorld, type Content, type WorldShape } from './sim-world.js'
import { managerPort } from './stand-in-kernel.js'

/** Makes a manager out of what a thread would give it. */
export type Create = (
  surroundings: Surroundings<PagingOptions>,
  boot: ManagerBoot,
) => { turn(): number }

/** The demand-zero manager with these options. */
export const demandZero =
  (options: Partial<DemandZeroOptions> = {}): Create =>
  (surroundings, boot) =>
    new DemandZeroManager({ ...surroundings, options: { ...demandZeroDefaults, ...options } }, boot)

export class VolatileWorld extends SimWorld {
  readonly #create: Create

  constructor(seed: number, shape: WorldShape, create: Create, image?: Uint8Array) {
    super(seed, shape, image, new Map<number, Content>())
    this.#create = create
  }

  override startManager(): void {
    const { region, clock } = this.sim
    const manager = this.#create(
      {
        region,
        messenger: this.sim.endpoint(managerPort),
        clock,
        read: (place, into) => {
          if (this.readsFail) return 'io_error'
          this.file.read(place.block, into)
          return checksum(into) === place.checksum ? 'ok' : 'checksum_mismatch'
        },
        report: (event) => this.reports.push(JSON.stringify(event)),
        options: demandZeroDefaults,
      },
      this.kernel.boot(),
    )
    this.sim.onTurn(managerPort, () => manager.turn())
  }
}
