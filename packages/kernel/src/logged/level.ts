/** Which containers have their visits logged: by what their manager promises, unless that was found not to hold in this process. */
import type { ServiceLevel } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'

/** Replays of a container that may be lost, in the life of a process. */
const mostLost = 2

const logged: readonly ServiceLevel[] = ['logging', 'deterministic']

export const isLoggedLevel = (level: ServiceLevel): boolean => logged.includes(level)

const keyOf = ({ slot, generation }: { slot: number; generation: number }): string =>
  `${slot} ${generation}`

/** Whether visits of the container make points. */
export const isLogged = (machine: Machine, container: Container): boolean =>
  isLoggedLevel(container.serviceLevel) && !machine.demoted.has(keyOf(container))

/** Whether what visits of the container did again was found to differ, in this process. */
export const isDemoted = (
  machine: Machine,
  container: { readonly slot: number; readonly generation: number },
): boolean => machine.demoted.has(keyOf(container))

/** From now on, and until the world is opened again, it is restored from snapshots only. */
export function demote(machine: Machine, container: Container): void {
  invariant(isLoggedLevel(container.serviceLevel), 'SI107: only what is logged is demoted', {
    slot: container.slot,
  })
  machine.demoted.add(keyOf(container))
}

/** Its replay came to nothing and nothing differed: whether it is tried once more. */
export function isTriedAgain(machine: Machine, container: Container): boolean {
  const key = keyOf(container)
  const times = (machine.replaysLost.get(key) ?? 0) + 1
  machine.replaysLost.set(key, times)
  return times <= mostLost
}
