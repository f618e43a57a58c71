/** A letter with a capability: put into the table of the container that it came to, if the sender may write there. */
import type { Container } from '../container/container.js'
import { putInto } from '../capability/capability-calls.js'
import type { Machine } from '../machine.js'
import type { Waiting } from '../machines/letters.js'
import { whyNotAllowed } from './allowed-from-afar.js'
import { answerLetter } from './answer-letter.js'
import { capabilityHere } from './stand-ins.js'

const nothing = new Uint8Array(0)

export function takeCapability(machine: Machine, container: Container, letter: Waiting): void {
  const { content } = letter
  const answer = (end: string, detail: string, block = nothing): void =>
    answerLetter(machine, container, letter, { end, detail, block })
  const why = whyNotAllowed(machine, container, content, 'write')
  if (why !== null) return answer(why.status, why.detail)
  const capability = content.cap === null ? null : capabilityHere(machine, content.cap)
  if (capability === null) return answer('no_resource', 'every container slot there is taken')
  const put = putInto(machine, container, capability)
  if (put.status !== 'ok') return answer(put.status, put.detail)
  answer('ok', '', Uint8Array.from(Buffer.from(Uint32Array.of(put.cap).buffer)))
}
