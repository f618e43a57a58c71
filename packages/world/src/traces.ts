/** The trace rings of a machine in the form that Perfetto opens, each row with the name of whose it is. */
import {
  actorPorts,
  asLocus,
  asPort,
  isManagerPort,
  locusPort,
  maxActors,
  type PortId,
} from '@katydid/abi'
import { chromeTrace, type ChromeTrace, type Region } from '@katydid/actor'

/** The newest events of every actor and locus. */
export function traceOf(region: Region): ChromeTrace {
  const actors = Array.from({ length: maxActors }, (_, port) => asPort(port))
  const loci = Array.from({ length: region.plan.shape.maxLoci }, (_, n) => locusPort(asLocus(n)))
  return chromeTrace(region, new Map([...actors, ...loci].map((port) => [port, portName(port)])))
}

/** Those of several machines, each a process of its own. */
export const joinTraces = (traces: readonly ChromeTrace[]): ChromeTrace => ({
  displayTimeUnit: 'ms',
  traceEvents: traces.flatMap(({ traceEvents }) => traceEvents),
})

/** How a port is called in reports. */
function portName(port: PortId): string {
  if (port >= maxActors) return `locus ${port - maxActors}`
  if (isManagerPort(port)) return `manager ${port - actorPorts.firstManager}`
  if (port === actorPorts.console) return 'console'
  if (port === actorPorts.network) return 'network'
  return port === actorPorts.kernel ? 'kernel' : port === actorPorts.disk ? 'disk' : 'barrier'
}
