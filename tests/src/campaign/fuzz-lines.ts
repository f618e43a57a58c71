/** Commands about kept lines: which there are, one given up for want of room, and an administrator who takes the world back to one. */
import { actorPorts, managerDowncalls } from '@katydid/abi'
import * as fc from 'fast-check'
import type { CampaignRun } from './campaign-run.js'
import { expectReply, of, simple, type AnyCommand } from './fuzz-command.js'

/** The commands, and how often each comes. */
export const lines: readonly [number, fc.Arbitrary<AnyCommand>][] = [
  [3, simple('kept lines', listed)],
  [4, simple('a kept line is given up', release)],
  [
    4,
    of(
      fc.nat(6),
      (nth) => `back to kept line ${nth}`,
      (run, nth) => takeBack(run, nth),
    ),
  ],
]

/** Each is a line that was announced, and what it holds was at some point. */
async function listed({ host, world }: CampaignRun): Promise<void> {
  host.ready()
  const answer = await host.call('line_list', {}, 'ok')
  const found = answer['lines'] as { line: number; members: { container: string }[] }[]
  for (const { line, members } of found)
    if (line > world.kernel.machine.captures.epoch || members.length === 0)
      world.problems.push(`line ${line} of ${members.length} containers is kept`)
}

async function release(run: CampaignRun): Promise<void> {
  const messenger = run.world.managerMessenger
  if (messenger === null) return
  const { lineRelease } = managerDowncalls
  await expectReply(run, messenger, actorPorts.kernel, lineRelease, {}, [
    'ok',
    'no_resource',
    'frozen',
  ])
}

/** The model is put back by what is remembered of each unit at its point. */
async function takeBack({ host, world }: CampaignRun, nth: number): Promise<void> {
  host.ready()
  const { names } = world.kernel.machine.kept
  const line = names[nth % Math.max(1, names.length)]
  if (line === undefined) return
  world.orBackAt = line
  // What the manager gave up, or died over, meanwhile.
  const fates = ['no_such_interval', 'frozen', 'manager_failed']
  await host.call('line_rollback', { line, dry: nth === 6 }, 'ok', ...fates)
  world.orBackAt = null
}
