/**
 * After a recovery a manager may know tokens that nobody else does: of containers that were adopted after the line, or whose end it had
 * not written down when it died. Told which there are, it forgets the rest, and their blocks are free.
 */
import { asToken, managerNotices } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { keptTokens } from '../kept/tell-kept.js'
import { answerMs } from './choose.js'

/** Tells every manager the whole list of its containers. Nobody waits: what is adopted from now on is told behind it. */
export function tellLive(machine: Machine): void {
  const live = machine.containers.live()
  for (const { port, state } of machine.managers.all()) {
    if (state !== 'running') continue
    const own = live.filter((each) => each.manager === port && !each.selfManaged)
    const tokens = own.map(({ token }) => token)
    invariant(new Set(tokens).size === tokens.length, 'MG1: a token names one container', { port })
    // What a kept line may bring back is there too, as far as its manager is concerned.
    const kept = keptTokens(machine, port).map(asToken)
    // A manager that keeps nothing does not serve it, and one that is silent is asked again at the next recovery.
    machine.messenger.call(
      port,
      managerNotices.containersLive,
      { tokens: [...new Set([...tokens, ...kept])] },
      () => {},
      answerMs,
    )
  }
}
