/** Frames taken by force from a manager that discards nothing. On real threads. */
import { frameNotices } from '@katydid/abi'
import test from 'ava'
import type { World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const faulty = import.meta.resolve('@katydid/managers/faulty/faulty.worker.js')
const miser = {
  name: 'miser',
  module: faulty,
  keepsRoot: true,
  containerBytes: 64 * 1024 ** 2,
  options: { way: 'discardsNothing' },
}

/** Frames of the manager that discards nothing. */
async function framesOf(world: World): Promise<number> {
  const { report } = await world.status()
  const { pageSets } = report as { pageSets: readonly { manager: number; frames: number }[] }
  return pageSets.reduce((sum, { manager, frames }) => sum + (manager === 4 ? frames : 0), 0)
}

/** Whether the kernel has said `frames_taken` of late, as its trace has it. */
function hasForced(world: World): boolean {
  const { traceEvents } = world.trace()
  return traceEvents.some(
    ({ name, tid, args }) =>
      tid === 0 && name === 'message_out' && args['a'] === frameNotices.framesTaken.op,
  )
}

test('[PS14] on threads: the clean frames of a manager that discards nothing are taken, others go on with them, and no content is lost', async (t) => {
  const dir = temporaryFolder(t)
  const options = { dir, frames: 96, managers: [miser], snapshotEveryMs: 0 }
  const container = { manager: 'miser', size: 60 * 4096 }
  const fill = { pages: 60, times: 1, fill: true }
  const filling = await openForTest(t, options)
  await filling.run(fixture('fills-or-reads'), { name: 'hoard', args: fill, container })
  await filling.close()
  const world = await openForTest(t, options)
  const hoard = await world.createContainer({ name: 'hoard' })
  const read = async (name: string): Promise<unknown> => {
    const args = { pages: 60, times: 1, fill: false }
    return (await (await world.startLocus(hoard, { name, args })).result()).result
  }

  let [forced, most, left] = [false, 0, 0]
  const count = async (): Promise<void> => {
    left = await framesOf(world)
    most = Math.max(most, left)
  }
  const look = setInterval(() => (forced ||= hasForced(world)), 5)
  const counting = setInterval(() => void count(), 20)
  const before = await read('first')
  const other = await world.createContainer({ name: 'other', program: fixture('paged-rounds') })
  const args = { pages: 150, rounds: 60, pauseMs: 60 }
  const locus = await world.startLocus(other, { name: 'other', args })
  const { result } = await locus.result()
  clearInterval(look)
  clearInterval(counting)
  await count()
  const after = await read('second')

  t.deepEqual(before, { wrong: 0 })
  t.is((result as { round: number }).round, 60)
  t.true(forced, 'the kernel took frames by force')
  t.true(left < most, `${left} of ${most} frames are left to it`)
  t.deepEqual(after, { wrong: 0 })
})
