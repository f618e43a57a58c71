/** Sums over the counters of a machine: what reports, progress lines and benches read. Never writes any. */
import { actorPorts, counterNames, maxActors, type CounterName, type PortId } from '@katydid/abi'
import { Counters, type Region } from '@katydid/actor'

export type CounterSums = Readonly<Record<CounterName, number>>

/** Things that a manager counts too, as its share: the machine's figure is that of the one who does them. */
const countedBy: Readonly<Partial<Record<CounterName, PortId>>> = {
  snapshots: actorPorts.kernel,
  recoverable: actorPorts.kernel,
  rollbacks: actorPorts.kernel,
  pageDiscards: actorPorts.kernel,
  pagesWritten: actorPorts.disk,
  bytesWritten: actorPorts.disk,
  segmentsFreed: actorPorts.disk,
}

/** Those of several machines: the sums, of a maximum the largest. */
export function addCounters(all: readonly CounterSums[]): CounterSums {
  const sums = counterNames.map((name) => {
    const values = all.map((each) => each[name])
    const isMaximum = name.includes('Max')
    return [name, isMaximum ? Math.max(0, ...values) : values.reduce((a, b) => a + b, 0)]
  })
  return Object.fromEntries(sums) as CounterSums
}

/** The machine's counters: the sum over actors and loci, of a maximum the largest. */
export function sumCounters(region: Region): CounterSums {
  const ports = maxActors + region.plan.shape.maxLoci
  const all = Array.from({ length: ports }, (_, port) => new Counters(region, port))
  const sums = counterNames.map((name) => {
    const one = countedBy[name]
    if (one !== undefined) return [name, all[one]!.get(name)]
    const values = all.map((each) => each.get(name))
    const isMaximum = name.includes('Max')
    return [name, isMaximum ? Math.max(...values) : values.reduce((sum, each) => sum + each, 0)]
  })
  return Object.fromEntries(sums) as CounterSums
}
