/** `npm run bank` over several machines: runs it, and says as tables what was done and what it cost. The exit code says whether anything was wrong. */
import fs from 'node:fs'
import { machinesBank } from '../tests/dist/campaign/machines-bank.js'

/** `apart`: each machine in a process of its own. */
export async function runMachines({ minutes, seed, machines, apart, told }) {
  const file = told === undefined ? null : fs.openSync(told, 'w')
  console.log(`seed ${seed}, ${machines} ${apart ? 'processes' : 'machines'}`)
  console.log('second\tmachines back\tcontainers back\tmost points\tlagging\tblows')
  const result = await machinesBank({
    minutes,
    seed,
    machines,
    apart,
    onLoss: ({ second, why, machines: back, containers, points, isLagging }) =>
      console.log([second, back.length, containers, points, isLagging, why].join('\t')),
    onTold: (line) => {
      if (file !== null) fs.writeSync(file, `${line}\n`)
    },
  })
  const { losses, blows, auditMs, wrong, ...rest } = result
  const mean = (list) => list.reduce((sum, each) => sum + each, 0) / Math.max(1, list.length)
  const figures = {
    ...rest,
    blows: Object.fromEntries(blows),
    auditMs: { mean: Math.round(auditMs.mean), most: auditMs.most },
    returns: losses.length,
    meanMachinesBack: Number(mean(losses.map((each) => each.machines.length)).toFixed(2)),
    mostPoints: Math.max(0, ...losses.map(({ points }) => points)),
    mostPointsUnlessLagging: Math.max(
      0,
      ...losses.filter(({ isLagging }) => !isLagging).map(({ points }) => points),
    ),
  }
  console.log(JSON.stringify(figures))
  for (const each of wrong) console.log(`wrong: ${each}`)
  console.log(wrong.length === 0 ? 'nothing wrong' : `${wrong.length} wrong`)
  return wrong.length === 0 ? 0 : 1
}
