/** Snapshots that a host asks for, of all machines at once: what one has is recoverable only with what it has received of others. */
import { locusCalls } from '@katydid/abi'
import { must } from './host-call.js'
import type { HostedMachine } from './hosted-machine.js'

/** See `World.snapshot`. */
export async function snapshotOf(
  machines: readonly HostedMachine[],
  options: { readonly durable?: boolean; readonly keep?: boolean },
): Promise<number> {
  const { durable = true, keep = true } = options
  const captures = await Promise.all(
    machines.map(({ host }) => must(host, 'snapshot', locusCalls.worldSnapshot, { durable, keep })),
  )
  return Math.max(...captures.map(({ capture }) => capture))
}
