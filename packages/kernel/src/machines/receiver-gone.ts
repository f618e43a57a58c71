/**
 * Whom a letter is for was destroyed. While that can still be undone the letter keeps its number and says nothing any more; afterwards it leaves the log, with all that are
 * for the same one. Who waits for an answer is told.
 */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { endCall } from '../remote/far-calls.js'
import type { Across } from './across.js'
import type { Letter } from './letters.js'
import { noteLetter } from './send-letter.js'

interface Refused {
  readonly container: Container
  readonly letter: Letter
  readonly status: 'entity_gone' | 'no_such_container'
  readonly detail: string
}

export function receiverIsGone(
  machine: Machine,
  across: Across,
  { container, letter, status, detail }: Refused,
): void {
  const { letters } = container
  // Of a container that went back meanwhile it is another log.
  if (machine.containers.at(container.slot) !== container || letters === undefined) return
  if (!letters.log.includes(letter) || !machine.containers.isThere(container)) return
  invariant(machine.across === across, 'SI167: a letter goes to another machine', {})
  if (letter.content.kind === 'void' && status === 'entity_gone') return
  const isForGood = status === 'no_such_container'
  const over = isForGood ? letters.drop(letter) : [letter]
  if (!isForGood) letters.void(letter)
  noteLetter(machine, container)
  for (const { content } of over)
    if (content.kind === 'invoke' || content.kind === 'capability')
      endCall(machine, content.call, { end: 'entity_gone', detail, block: new Uint8Array(0) })
}
