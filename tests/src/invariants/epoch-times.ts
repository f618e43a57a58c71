/** How long the epochs of couriers take from their captures to the line, and how many are on the way at a time. */
import { CourierLedger, CourierWorld, type CourierShape } from './courier-world.js'

export interface EpochTimes {
  readonly epochs: number
  /** From the last capture of an epoch to the line that has it, at the most. */
  readonly latestMs: number
  readonly mostOnTheWay: number
  readonly wrong: readonly string[]
}

/** Nobody is killed, nobody asks for an epoch: they come by the period alone. */
export async function epochTimes(options: {
  readonly shape: CourierShape
  readonly everyMs: number
  readonly runs: number
}): Promise<EpochTimes> {
  const { shape, everyMs, runs } = options
  const world = { ...shape.world, snapshotEveryMs: everyMs }
  const found = { epochs: 0, latestMs: 0, mostOnTheWay: 0, wrong: [] as string[] }
  for (let seed = 1; seed <= runs; seed++) {
    const couriers = new CourierWorld(seed, new CourierLedger(), {
      ...shape,
      trips: 25,
      stabilises: 0,
      world,
    })
    const { sim, events } = couriers.world
    const capturedAt = new Map<number, number>()
    let seen = 0
    const before = sim.onStep
    sim.onStep = () => {
      before?.()
      for (const event of events.slice(seen)) {
        seen++
        if (event.kind === 'captured') capturedAt.set(event.capture, sim.clock.nowMs())
        found.mostOnTheWay = Math.max(found.mostOnTheWay, capturedAt.size)
        if (event.kind !== 'recoverable') continue
        for (const [epoch, at] of capturedAt) {
          if (epoch > event.capture) continue
          capturedAt.delete(epoch)
          found.epochs++
          found.latestMs = Math.max(found.latestMs, sim.clock.nowMs() - at)
        }
      }
    }
    await couriers.begin()
    found.wrong.push(...(await couriers.finish()))
  }
  return found
}
