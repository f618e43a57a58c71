/**
 * A world under constant load on real threads; prints what it holds as a table and fails when something grows.
 *
 *   npm run soak -- --minutes 15
 *   npm run soak -- --minutes 1 --seed 7
 *
 * It runs in a process of its own whose heaps are small, so that a heap which only waits to be swept does not look like growth, and every thread
 * of which weighs its heap.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, here: { type: 'boolean' } },
})
const minutes = Number(values.minutes ?? 1)
const seed = Number(values.seed ?? 1)
if (!(minutes >= 0.4) || !Number.isSafeInteger(seed)) {
  console.error('soak: --minutes is a number of at least 0.4, --seed a whole number')
  process.exit(2)
}
if (values.here === true) await run()
else process.exitCode = await inAChild()

async function run() {
  const { soak } = await import('../tests/dist/campaign/soak.js')
  let isFirst = true
  const { samples, growth } = await soak({
    minutes,
    seed,
    onSample: (sample) => {
      const { heaps, ...measures } = sample
      const row = { ...measures, heapsOfThreadsMb: sum(heaps.values()).toFixed(1) }
      if (isFirst) console.log(Object.keys(row).join('\t'))
      isFirst = false
      console.log(Object.values(row).join('\t'))
    },
  })
  for (const each of growth) console.error(`soak: ${each}`)
  console.log(
    `${samples.length} samples in ${minutes} min: ${growth.length === 0 ? 'nothing grew' : 'growth'}`,
  )
  process.exitCode = growth.length === 0 ? 0 : 1
}

function inAChild() {
  const scales = new URL('../tests/fixtures/soak-heaps.mjs', import.meta.url).href
  const flags = ['--expose-gc', '--max-old-space-size=64', '--max-semi-space-size=2']
  flags.push('--import', scales)
  const args = [
    fileURLToPath(import.meta.url),
    '--here',
    '--minutes',
    `${minutes}`,
    '--seed',
    `${seed}`,
  ]
  const child = spawn(process.execPath, [...flags, ...args], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

function sum(those) {
  let total = 0
  for (const each of those) total += each
  return total
}
