/**
 * What is done with an invocation of a container that lives on another machine: its manager, there, says. What it has said holds for the stand-in until
 * a recovery over machines, of which the end of a manager is one, or until its machine was silent or started anew.
 */
import {
  actorPorts,
  machineCalls,
  type Answer,
  type ArgsOf,
  type Reply,
  type ResultOf,
} from '@katydid/abi'
import { invariant, until, type Script } from '@katydid/actor'
import type { Container, Home } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'

type Ask = (typeof machineCalls)['invokeSupport']
export type Refused = Exclude<Answer<Ask>, { readonly status: 'ok' }>
export type Decision = ResultOf<Ask>

export interface Support extends Decision {
  readonly generation: number
  readonly recovery: number
  readonly link: number
}

const answerMs = 10_000
const againMs = 50

/** What the container’s manager says; asked for when that is not known. Nil: its machine did not say in time. */
export function* supportFor(
  machine: Machine,
  across: Across,
  standIn: Container & { readonly home: Home },
  asked: Omit<ArgsOf<Ask>, 'recovery' | 'cont' | 'generation'>,
  deadlineMs: number,
): Script<Decision | Refused | null> {
  const { supports } = machine.farCalls
  const { home, slot, generation } = standIn
  invariant(across.self !== home.machine, 'LO144: what is at home is not asked for', { slot })
  for (;;) {
    const known = supports.get(slot)
    if (known !== undefined && isValid(across, standIn, known)) return known
    const leftMs = Math.min(deadlineMs - machine.clock.nowMs(), answerMs)
    if (leftMs <= 0) return null
    const link = across.linkOf(home.machine)
    const { recovery } = across
    const args = { ...asked, recovery, cont: home.slot, generation: home.generation }
    const reply = yield* until<Reply<Ask>>((done) =>
      across.remote
        .to(home.machine)
        .call(actorPorts.kernel, machineCalls.invokeSupport, args, done, leftMs),
    )
    if (reply.status === 'ok') {
      const { decision, machine: where, lender } = reply
      supports.set(slot, { decision, machine: where, lender, generation, recovery, link })
      return { decision, machine: where, lender }
    }
    if (!isPassing(reply.status)) return reply as Refused
    yield* machine.waits.until(() => false, againMs)
  }
}

const isPassing = (status: string): boolean =>
  ['frozen', 'unreachable', 'timed_out', 'actor_gone', 'bad_message'].includes(status)

const isValid = (
  across: Across,
  { generation, home }: Container & { readonly home: Home },
  known: Support,
): boolean =>
  known.generation === generation &&
  known.recovery === across.recovery &&
  known.link !== 0 &&
  known.link === across.linkOf(home.machine)
