/** Sums over the counters of a machine: what reports, progress lines and benches read. Never writes any. */
import { counterNames, maxActors, type CounterName } from '@katydid/abi'
import { Counters, type Region } from '@katydid/actor'

export type CounterSums = Readonly<Record<CounterName, number>>

/** The machine's counters: the sum over actors and loci, of a maximum the largest. */
export function sumCounters(region: Region): CounterSums {
  const ports = maxActors + region.plan.shape.maxLoci
  const all = Array.from({ length: ports }, (_, port) => new Counters(region, port))
  const sums = counterNames.map((name) => {
    const values = all.map((each) => each.get(name))
    const isMaximum = name.includes('Max')
    return [name, isMaximum ? Math.max(...values) : values.reduce((sum, each) => sum + each, 0)]
  })
  return Object.fromEntries(sums) as CounterSums
}
