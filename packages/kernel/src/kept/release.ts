/** line_release: a manager has no room for what is kept, and the oldest kept line is given up. */
import { refuse, type Answer, type managerDowncalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { advanceLine } from '../state-interval/line.js'
import { releaseOldest } from './release-oldest.js'

type LineRelease = (typeof managerDowncalls)['lineRelease']

export function lineRelease(machine: Machine): Answer<LineRelease> {
  if (machine.phase !== 'open' || machine.recoveryWanted !== null)
    return refuse('frozen', 'the world is going back to its line; ask again')
  if (!releaseOldest(machine, 'there is no room for it'))
    return refuse('no_resource', 'no line is kept that could be given up')
  invariant(machine.kept.isLeaving, 'SI71: what is given up leaves with the next line record', {})
  advanceLine(machine)
  return { status: 'ok' }
}
