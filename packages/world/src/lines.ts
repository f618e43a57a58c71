/** Kept lines as a host uses them: listed, and gone back to by an administrator's decision. Each is a call on the kernel. */
import { lineCalls, type ResultOf } from '@katydid/abi'
import { must, type HostCall } from './host-call.js'

/** A line that is kept, and what it holds. `line` is the number of its capture. */
export type KeptLine = ResultOf<(typeof lineCalls)['lineList']>['lines'][number]

/** What going back to a kept line does, or did: what goes, what comes back, and what was released and is not undone. */
export type RollbackReport = ResultOf<(typeof lineCalls)['lineRollback']>

/** From old to new. */
export async function listLines(host: HostCall): Promise<readonly KeptLine[]> {
  const { lines } = await must(host, 'kept lines', lineCalls.lineList, {})
  return lines
}

/** Goes back to the line, or (`dry`) only says what that would do. */
export async function goBackTo(
  host: HostCall,
  dir: string,
  line: number,
  dry: boolean,
): Promise<RollbackReport> {
  const about = `rollback of the world in ${dir}`
  const reply = await must(host, about, lineCalls.lineRollback, { line, dry })
  const { from, keptMs, containers, loci, released } = reply
  return { from, keptMs, containers, loci, released }
}
