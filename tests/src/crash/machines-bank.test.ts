/** A bank over machines, killed at random. The long campaigns are `npm run bank -- --machines 16` and `--processes 3`. */
import test, { type ExecutionContext } from 'ava'
import { machinesBank } from '../campaign/machines-bank.js'

async function runs(t: ExecutionContext, apart: boolean): Promise<void> {
  t.timeout(400_000)
  const options = { minutes: 0.35, seed: 41, machines: 3, apart }
  const { wrong, audits, transfers, losses, acknowledged } = await machinesBank(options)

  t.deepEqual(wrong, [])
  t.true(audits >= 3, `${audits} audits`)
  t.true(transfers > 0 && acknowledged > 0)
  t.true(losses.length > 0, 'nothing was struck')
}

test.serial(
  '[SI250] money that moves between machines of one process is neither made nor lost, whatever is killed',
  (t) => runs(t, false),
)

test.serial(
  '[SI251] money that moves between machines in processes of their own is neither made nor lost, whatever is killed and stopped',
  (t) => runs(t, true),
)
