/** Whether a capability that another machine holds gives a right here, at this moment: checked where the container lives, at each use. */
import { refuse, rights, type Refusal } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Right } from '../capability/resolve.js'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'

/** Nil: it does. */
export function whyNotAllowed(
  machine: Machine,
  { slot, generation, home, name }: Container,
  { group, rights: held }: { readonly group: number; readonly rights: number },
  right: Right,
): Refusal<'entity_gone' | 'right_missing'> | null {
  invariant(home === null, 'CP45: rights are checked where a container lives', { slot })
  const found = group === 0 ? null : machine.groups.at(group)
  const isOfIt =
    found === null ||
    (found.kind === 'container' && found.slot === slot && found.generation === generation)
  if ((group !== 0 && found === null) || !isOfIt)
    return refuse(
      'entity_gone',
      `the permission group of the capability for “${name}” was destroyed`,
    )
  const has = held & (found?.rights ?? held)
  return (has & rights[right]) !== 0
    ? null
    : refuse('right_missing', `the capability for “${name}” does not give the right “${right}”`)
}
