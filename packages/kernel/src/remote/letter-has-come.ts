/** What is done with a letter as soon as it is received. Invocations wait for a thread that runs them, plain letters for whoever takes them. */
import { unreachable } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Waiting } from '../machines/letters.js'
import { endCall } from './far-calls.js'
import { takeCapability } from './take-capability.js'

export function letterHasCome(machine: Machine, container: Container, letter: Waiting): void {
  const { content } = letter
  switch (content.kind) {
    case 'plain':
    case 'invoke':
      return
    case 'void':
      container.letters?.take(letter)
      return
    case 'answer':
      container.letters?.take(letter)
      endCall(machine, content.call, {
        end: content.status,
        detail: content.detail,
        block: content.block,
      })
      return
    case 'capability':
      takeCapability(machine, container, letter)
      return
    default:
      return unreachable(content.kind)
  }
}
