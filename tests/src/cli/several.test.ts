/** The command with worlds of several machines, in one process and in two. */
import test from 'ava'
import { katydid, startCommand } from '../support/command.js'
import { temporaryFolder } from '../support/folders.js'
import { fixture } from '../support/worlds.js'

const args = ['--', '7']
const program = fixture('echo-argument')

test('[WO96] run makes a world of several machines and runs the program on the one that is named', async (t) => {
  const folder = temporaryFolder(t)

  const made = await katydid(folder, 'run', program, '--machines', '2', '--machine', '2', ...args)
  const status = await katydid(folder, 'status', '.katydid/echo-argument', '--json')
  const said = await katydid(folder, 'status', '.katydid/echo-argument')
  const points = await katydid(folder, 'snapshots', '.katydid/echo-argument')
  const back = await katydid(folder, 'rollback', '.katydid/echo-argument', '--to', '1', '--yes')
  const again = await katydid(folder, 'run', program, '--machines', '3', ...args)
  const many = await katydid(folder, 'run', program, '--world', 'w', '--machines', '65', ...args)

  t.is(made.status, 0, made.stderr)
  t.regex(made.stdout, /result: .*7/)
  const { containers } = JSON.parse(status.stdout) as {
    readonly containers: readonly { readonly name: string; readonly machine: number }[]
  }
  t.is(containers.find(({ name }) => name === 'echo-argument')!.machine, 2)
  t.is(said.status, 0, said.stderr)
  t.regex(said.stdout, /container echo-argument on machine 2: .*\n/)
  t.regex(said.stdout, /machine 1:\ndrains: .*\nmachine 2:\ndrains: /)
  t.is(points.status, 0, points.stderr)
  t.regex(points.stdout, /container echo-argument: snapshot/)
  t.is(back.status, 1)
  t.regex(back.stderr, /\[not_supported\]/)
  t.is(again.status, 1)
  t.regex(again.stderr, /has 2 machines, not 3.*\[bad_argument\]/)
  t.is(many.status, 1)
  t.regex(many.stderr, /at most 64, not 65/)
})

test('[WO96] join has a machine of a world that run made, until it is interrupted', async (t) => {
  const folder = temporaryFolder(t)
  const joined = startCommand(folder, 'join', 'w', '--machine', '2')
  const sees = joined.sees('machine 2: joined')

  const run = await katydid(
    folder,
    'run',
    program,
    '--world',
    'w',
    '--machines',
    '2',
    '--machine',
    '1',
    '--take',
    ...args,
  )
  await sees
  joined.child.kill('SIGINT')
  const left = await joined.ended
  const late = await katydid(folder, 'join', 'w', '--machine', '3', '--wait', '100')
  const alone = await katydid(folder, 'join', 'w', '--machine', '1', '--wait', '1000')

  t.is(run.status, 0, run.stderr)
  t.regex(run.stdout, /result: .*7/)
  t.is(left.status, 0, left.stderr)
  t.regex(left.stdout, /machine 2: left/)
  t.is(late.status, 1)
  t.regex(late.stderr, /has machines 1 to 2, not 3. \[bad_argument\]/)
  t.is(alone.status, 1)
  t.regex(alone.stderr, /Start the processes of the others. \[unreachable\]/)
})
