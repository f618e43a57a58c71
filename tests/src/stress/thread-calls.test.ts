/** The random runs on threads make every call that threads can make. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { groups, type AnySignature } from '@katydid/abi'
import test from 'ava'
import { root } from '../support/house.js'
import { notOnOneMachine } from '../support/not-on-one-machine.js'

/** What is not answered `ok` on threads, or not each time, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  ...notOnOneMachine,
  container_fault: 'goes by the words of a trap, without a message; each access that misses is one',
  invoke_no_support: 'all managers that there are serve one machine: they answer not_supported',
  get_root_page: 'a manager of ours has its root page from its boot; in the simulator it is asked',
  snapshot_discard: 'no manager of ours gives up a snapshot by itself; in the simulator one does',
  line_release: 'no manager of ours asks for it; in the simulator one does',
  pageset_size: 'no manager of ours asks for it; in the simulator one does',
  disk_sync: 'no owner of ours asks for a barrier alone; in the simulator one does',
  disk_segment: 'segments are cleaned where the disk is nearly full: crash/world-cleaning.test.ts',
  frames_taken: 'only of a manager that was asked in vain: crash/world-forced.test.ts',
}

const all: readonly AnySignature[] = Object.values(groups).flatMap((group) => Object.values(group))

test('[WO67] loci, managers and hosts on threads make every declared call but those with a reason, and each has been answered ok', async (t) => {
  const seen = new Set<string>()
  const never = (): string[] =>
    all.map(({ name }) => name).filter((name) => !seen.has(`${name} ok`) && !(name in elsewhere))

  // Whose thread comes first is not drawn: what was missed once comes another time.
  for (let seed = 31; seed < 34 && (seen.size === 0 || never().length > 0); seed++) {
    const args = ['--import', './tests/fixtures/count-calls.mjs', 'scripts/fuzz.mjs', '--each']
    const run = promisify(execFile)(process.execPath, [...args, '--seed', String(seed)], {
      cwd: root,
    })
    const { stdout } = await run.catch((error: { stdout: string; stderr: string }) => {
      throw new Error(`${error.stdout}\n${error.stderr}`)
    })
    const told = stdout.split('\n').find((line) => line.startsWith('calls '))!
    for (const each of JSON.parse(told.slice('calls '.length)) as string[]) seen.add(each)
  }

  t.deepEqual(never(), [])
  t.true(seen.has('transaction_commit ok') && seen.has('input_logged ok'))
})
