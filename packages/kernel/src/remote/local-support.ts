/** What a manager may answer besides having its container run at home, and this kernel cannot do: support for it on the machine that invokes, or on a third. */
import { refuse, type MachineId, type Refusal, type SupportDecision } from '@katydid/abi'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'

/** Has the container run on this machine from now on, or says why not. */
export function beginSupport(
  machine: Machine,
  { home, slot }: Container,
  { decision, machine: where }: { readonly decision: SupportDecision; readonly machine: MachineId },
): Refusal<'not_supported'> {
  const asked =
    decision === 'local_support'
      ? `have it run on machine ${machine.across?.self ?? 0}, with its pages from there`
      : `have it run on machine ${where}, which is not where it lives`
  return refuse(
    'not_supported',
    `the manager of container ${home?.slot ?? slot} of machine ${home?.machine ?? 0} would ${asked}; these kernels run a container at its home only`,
  )
}
