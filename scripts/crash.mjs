/**
 * Crashes of a scripted run, each followed by a recovery whose result is compared with the model: the power cut at every write (before,
 * after, torn, and again while it recovers), the manager killed at each of its messages, and damage to the stored bytes.
 *
 *   npm run crash                        all of it, some minutes
 *   npm run crash -- --seed 7 --every 5  one write, message and mutation in five
 *   npm run crash -- --only damage       one part: cuts, kills, damage or bytes
 *   npm run crash -- --only bytes --stride 1   every single byte of the store
 */
import { parseArgs } from 'node:util'
import { cutEverywhere } from '../tests/dist/campaign/crash-cuts.js'
import { drawnMutations, smallStore, sufferDamage } from '../tests/dist/campaign/damage.js'
import { flipEveryByte } from '../tests/dist/campaign/every-byte.js'
import { killAtMessages } from '../tests/dist/campaign/manager-kills.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    every: { type: 'string' },
    stride: { type: 'string' },
    only: { type: 'string' },
  },
})
const seed = Number(values.seed ?? 1)
const every = Number(values.every ?? 1)
const stride = Number(values.stride ?? 61 * every)
const parts = { cuts, kills, damage, bytes }
const isWrong =
  ![seed, every, stride].every((each) => Number.isSafeInteger(each)) || every < 1 || stride < 1
if (isWrong || (values.only !== undefined && parts[values.only] === undefined)) {
  console.error(
    'crash: --seed, --every and --stride are whole numbers, the last two at least 1; --only is cuts, kills, damage or bytes',
  )
  process.exit(2)
}

console.log(`seed ${seed}`)
for (const [name, part] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue
  const began = Date.now()
  const onProgress = teller(name, began)
  const { wrong, ...counts } = await part(onProgress)
  onProgress(Infinity, wrong)
  console.log(`${name}: ${JSON.stringify(counts)} in ${((Date.now() - began) / 1000).toFixed(0)} s`)
  if (wrong.length > 0) process.exitCode = 1
}

/**
 * Says what is wrong as soon as it is found, and every ten seconds how far it has come: a run that is ended by somebody's patience has
 * said by then what it knew. On a machine that does much else the same run takes many times as long.
 */
function teller(name, began) {
  let said = 0
  let saidAt = began
  return (done, wrong) => {
    for (; said < wrong.length; said++) console.error(`wrong: ${wrong[said]}`)
    const now = Date.now()
    if (done === Infinity || now - saidAt < 10_000) return
    saidAt = now
    console.error(
      `${name}: ${done} so far, ${wrong.length} wrong, after ${((now - began) / 1000).toFixed(0)} s`,
    )
  }
}

function cuts(onProgress) {
  return cutEverywhere({ seed, every, torn: 2, compoundEvery: 3, onProgress })
}

function kills(onProgress) {
  return killAtMessages({ seed, every, onProgress })
}

async function damage(onProgress) {
  const store = await smallStore(seed)
  const all = [...drawnMutations(store, seed, 3 * store.blocks)]
  return sufferDamage(
    store,
    all.filter((_, nth) => nth % every === 0),
    onProgress,
  )
}

async function bytes(onProgress) {
  return flipEveryByte(await smallStore(seed), { stride, onProgress })
}
