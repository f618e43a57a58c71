/** cap_copy to a container of another machine: from a locus, as a letter of the container that it is in. */
import {
  asCapref,
  isLocusPort,
  refuse,
  statuses,
  type Answer,
  type containerCalls,
  type ErrorOf,
  type Refusal,
} from '@katydid/abi'
import { invariant, later, type IncomingCall } from '@katydid/actor'
import type { PlacedCapability } from '../capability/capability-tables.js'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { contentOf } from '../machines/letters.js'
import { sendLetter } from '../machines/send-letter.js'
import { farOf } from './far-capability.js'
import type { CallEnd } from './far-calls.js'
import { currentContainer } from '../state-interval/messages.js'

type Copy = (typeof containerCalls)['capCopy']

/** Before the caller's own patience is at its end. */
const answerMs = 8_000

export function copyAway(
  machine: Machine,
  call: IncomingCall<Copy>,
  source: PlacedCapability,
  rights: number,
  to: { readonly container: Container; readonly capability: PlacedCapability },
): Answer<Copy> | typeof later {
  const locus = isLocusPort(call.from) ? machine.loci.speaking(call.from, call.generation) : null
  const from = locus === null ? null : currentContainer(machine, locus)
  if (from === null)
    return refuse(
      'not_supported',
      'a host gives it with cap_give; managers hand nothing to other machines',
    )
  const cap = farOf(machine, source, rights)
  if (cap === null)
    return refuse('not_supported', `a ${source.kind} cannot be handed to another machine`)
  const { far } = to.capability
  invariant(far !== undefined, 'CP40: what names a stand-in says what it is at home', {})
  const number = machine.farCalls.begin(machine.session, {
    port: call.from,
    generation: call.generation,
    deadlineMs: machine.clock.nowMs() + answerMs,
    done: (end) => call.reply(answerOf(end)),
  })
  const { group } = far
  const content = contentOf('capability', {
    call: number,
    group,
    rights: to.capability.rights,
    cap,
  })
  const sent = sendLetter(machine, from, far, content)
  if (sent.status === 'ok') return later
  machine.farCalls.take(number)
  return refuse(sent.status === 'no_resource' ? 'no_resource' : 'unreachable', sent.detail)
}

function answerOf(end: CallEnd | null): Answer<Copy> {
  if (end === null)
    return refuse(
      'unreachable',
      `no answer came within ${answerMs / 1000} s; nobody knows whether the copy is there, or will be`,
    )
  if (end.end === 'ok') {
    const bytes = new DataView(end.block.buffer, end.block.byteOffset, end.block.byteLength)
    return { status: 'ok', cap: asCapref(bytes.getUint32(0, true)) }
  }
  const known = statuses.find((each) => each === end.end)
  invariant(known !== undefined && known !== 'ok', 'LO142: an answer has a status', {
    end: end.end,
  })
  return { status: known, detail: end.detail } as Refusal<ErrorOf<Copy>>
}
