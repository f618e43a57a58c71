/** visit_next: the thread of a visitor says how the invocation before ended, and takes the next. */
import { maxBlockBytes, refuse, type Answer, type ArgsOf, type locusCalls } from '@katydid/abi'
import { later, type IncomingCall } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { borrowedIsOver } from './borrow.js'
import { runVisits, visitIsOver } from './visits.js'

type Next = (typeof locusCalls)['visitNext']

export function visitNext(
  machine: Machine,
  { done, leaves }: ArgsOf<Next>,
  call: IncomingCall<Next>,
): Answer<Next> | typeof later {
  const speaking = machine.loci.speaking(call.from, call.generation)
  const locus = machine.visits.of(speaking, call.generation)
  if (locus === null)
    return refuse(
      'no_such_locus',
      `no thread on port ${call.from} runs invocations of other machines`,
    )
  const { visitor } = locus
  // A machine that has failed sends nothing any more: the letter was not taken, nothing of the visit is captured, and it is begun again in the next life.
  if (machine.phase === 'failed') return { status: 'ok', visit: null }
  if (done !== null) {
    const tooLarge = done.block.byteLength > maxBlockBytes
    const end = {
      end: tooLarge ? 'too_large' : done.status,
      detail: tooLarge ? `a block has at most ${maxBlockBytes} bytes` : done.detail,
      block: tooLarge ? new Uint8Array(0) : done.block.slice(),
    }
    if (visitor.visit?.number === done.number) visitIsOver(machine, locus, end)
    else if (visitor.borrowed?.here === done.number) borrowedIsOver(machine, locus, end)
  }
  if (leaves) return { status: 'ok', visit: null }
  visitor.next = (answer) => call.reply(answer)
  visitor.idleSinceMs = machine.clock.nowMs()
  runVisits(machine)
  return later
}
