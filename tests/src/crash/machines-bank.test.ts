/** A bank over machines, killed at random. The long campaigns are `npm run bank -- --machines 16` and `--processes 3`. */
import test from 'ava'
import { machinesBank } from '../campaign/machines-bank.js'

for (const [rule, apart] of [
  ['SI250', false],
  ['SI251', true],
] as const)
  test.serial(
    `[${rule}] money that moves between machines is neither made nor lost, whatever is killed: ${apart ? 'processes' : 'threads'}`,
    async (t) => {
      t.timeout(400_000)
      const options = { minutes: 0.35, seed: 41, machines: 3, apart }
      const { wrong, audits, transfers, losses, acknowledged } = await machinesBank(options)

      t.deepEqual(wrong, [])
      t.true(audits >= 3, `${audits} audits`)
      t.true(transfers > 0 && acknowledged > 0)
      t.true(losses.length > 0, 'nothing was struck')
    },
  )
