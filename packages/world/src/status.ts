/** What machines say of themselves, put together. */
import { locusCalls } from '@katydid/abi'
import { must } from './host-call.js'
import type { HostedMachine } from './hosted-machine.js'
import type { Machines } from './machines.js'
import type { WorldStatus } from './world-types.js'

/** See `World.status`. */
export async function statusOf(
  machines: Machines,
  chosen: number | undefined,
): Promise<WorldStatus> {
  const asked =
    chosen === undefined && machines.areSeveral ? machines.open : machines.chosen(chosen)
  const parts = await Promise.all(asked.map((each) => partOf(each)))
  return {
    containers: parts.flatMap(({ containers }) => containers),
    loci: parts.flatMap(({ loci }) => loci),
    report: machines.areSeveral
      ? { machines: parts.map(({ machine, report }) => ({ machine, report })) }
      : parts[0]!.report,
  }
}

async function partOf({
  host,
  machine,
}: HostedMachine): Promise<WorldStatus & { readonly machine: number }> {
  const { containers, loci, report } = await must(host, 'status', locusCalls.worldStatus, {})
  return {
    machine,
    containers: containers.map((each) => ({ ...each, machine })),
    loci: loci.map((each) => ({ ...each, machine })),
    report,
  }
}
