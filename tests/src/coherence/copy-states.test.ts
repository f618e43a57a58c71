/** CH: the table of a copy's states. */
import {
  afterEvent,
  copyTable,
  type CopyEvent,
  type CopyState,
} from '@katydid/managers/proxy/copy-states.js'
import test from 'ava'

const states = Object.keys(copyTable) as readonly CopyState[]
const events = [
  ...new Set(states.flatMap((state) => Object.keys(copyTable[state]))),
] as readonly CopyEvent[]

test('[CH2] from every state of a copy the page can come to be absent, whatever was under way', (t) => {
  const reaches = (from: CopyState): ReadonlySet<CopyState> => {
    const found = new Set([from])
    for (const state of found)
      for (const event of events) {
        const next = afterEvent(state, event)
        if (next !== undefined) found.add(next)
      }
    return found
  }

  for (const state of states) t.true(reaches(state).has('absent'), state)
})

test('[CH2] a recall is possible in every state, and nothing that could be written is forgotten before home has it', (t) => {
  for (const state of states) t.not(afterEvent(state, 'recalled'), undefined, state)
  for (const state of ['held', 'raising', 'lowering'] as const)
    for (const event of events) {
      const next = afterEvent(state, event)
      t.false(next === 'absent' || next === 'asking', `${state}: ${event}`)
    }
})
