/** invoke_no_support: what a manager of Katydid's own says, for all its containers. */
import { asToken, refuse, type Answer, type ArgsOf, type managerUpcalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PagingContext } from './paging-context.js'

type Invoked = (typeof managerUpcalls)['invokeNoSupport']

export function invokedElsewhere(
  { region, containers, options }: Pick<PagingContext, 'region' | 'containers' | 'options'>,
  { cont, machineId }: ArgsOf<Invoked>,
): Answer<Invoked> {
  if (!containers.has(cont))
    return refuse('no_such_container', `no container has the token ${cont}`)
  const here = region.words.load(region.machineWord('machineId'))
  invariant(
    Number(machineId) !== here,
    'MG170: at home a container is invoked without being asked for',
    {
      machine: here,
    },
  )
  return { status: 'ok', decision: options.invokedElsewhere, machine: asToken(here) }
}
