/**
 * Crashes of scripted runs, one for each kind of manager, each followed by a recovery whose result is compared with the model: the power cut at every write
 * (before, after, torn, and again while it recovers), managers killed at each of their messages, a rollback to a kept line cut short, and damage to the
 * stored bytes.
 *
 *   npm run crash                        all of it, a quarter of an hour
 *   npm run crash -- --seed 7 --every 5  one write, message and mutation in five
 *   npm run crash -- --only damage       one part: cuts, kills, rollbacks, damage or bytes
 *   npm run crash -- --manager logging   one run: self-managing, demand-zero, transactional, logging, deterministic, kept, mapped or tight
 *   npm run crash -- --manager kept --seed 4 --write 260 --torn before   one image again; --torn left out: all of that write
 *   npm run crash -- --manager kept --seed 4 --message 87                one kill again
 *   npm run crash -- --only bytes --stride 1   every single byte of the store
 */
import { parseArgs } from 'node:util'
import { cutEverywhere } from '../tests/dist/campaign/crash-cuts.js'
import { drawnMutations, smallStore, sufferDamage } from '../tests/dist/campaign/damage.js'
import { flipEveryByte } from '../tests/dist/campaign/every-byte.js'
import { killAtMessages } from '../tests/dist/campaign/manager-kills.js'
import {
  cutRollback,
  worldWithPast,
  worldWithVisits,
} from '../tests/dist/campaign/rollback-cuts.js'
import { scenes } from '../tests/dist/campaign/scenes.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    every: { type: 'string' },
    stride: { type: 'string' },
    only: { type: 'string' },
    manager: { type: 'string' },
    write: { type: 'string' },
    torn: { type: 'string' },
    message: { type: 'string' },
  },
})
const seed = Number(values.seed ?? 1)
const every = Number(values.every ?? 1)
const stride = Number(values.stride ?? 61 * every)
const write = values.write === undefined ? null : Number(values.write)
const message = values.message === undefined ? null : Number(values.message)
const managers = values.manager === undefined ? Object.keys(scenes) : [values.manager]
const ofAll = { cuts, kills }
const ofOne = { rollbacks, damage, bytes }
const isWrong =
  ![seed, every, stride, write ?? 0, message ?? 0].every((each) => Number.isSafeInteger(each)) ||
  every < 1 ||
  stride < 1
if (isWrong || (values.only !== undefined && { ...ofAll, ...ofOne }[values.only] === undefined)) {
  console.error(
    'crash: --seed, --every, --stride, --write and --message are whole numbers, --every and --stride at least 1; --only is cuts, kills, rollbacks, damage or bytes',
  )
  process.exit(2)
}
if (managers.some((name) => scenes[name] === undefined)) {
  console.error(`crash: --manager is one of ${Object.keys(scenes).join(', ')}`)
  process.exit(2)
}

console.log(`seed ${seed}`)
for (const name of managers) {
  if (write === null && message === null)
    for (const [part, run] of Object.entries(ofAll)) await tell(part, run, name)
  if (write !== null) await tell('cuts', cuts, name)
  if (message !== null) await tell('kills', kills, name)
}
if (values.manager === undefined && write === null && message === null)
  for (const [part, run] of Object.entries(ofOne)) await tell(part, run)

async function tell(part, run, manager) {
  if (values.only !== undefined && values.only !== part) return
  const began = Date.now()
  const what = manager === undefined ? part : `${part}, ${manager}`
  const onProgress = teller(what, began)
  const { wrong, ...counts } = await run(onProgress, manager)
  onProgress(Infinity, wrong)
  console.log(`${what}: ${JSON.stringify(counts)} in ${((Date.now() - began) / 1000).toFixed(0)} s`)
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

function cuts(onProgress, manager) {
  const only = write === null ? {} : { only: { write, torn: values.torn } }
  const shape = scenes[manager]
  return cutEverywhere({ seed, every, torn: 2, compoundEvery: 3, shape, onProgress, ...only })
}

function kills(onProgress, manager) {
  const only = message === null ? {} : { only: message }
  return killAtMessages({ seed, every, shape: scenes[manager], onProgress, ...only })
}

/** To a line from before a container was destroyed, and to one on which there are visits. */
async function rollbacks() {
  const past = await cutRollback(seed, { every, torn: 2, past: worldWithPast })
  const toVisits = (own) => worldWithVisits(own, scenes.kept)
  const visits = await cutRollback(seed, { every, torn: 2, past: toVisits })
  return { images: past.images + visits.images, wrong: [...past.wrong, ...visits.wrong] }
}

/** Of a store that was closed in good order, and of one whose process was killed. */
async function damage(onProgress) {
  const results = []
  for (const left of ['stopped', 'killed']) {
    const store = await smallStore(seed, left)
    const all = drawnMutations(store, seed, 3 * store.blocks)
    results.push(await sufferDamage(store, oneIn(every, all), onProgress))
  }
  const [stopped, killed] = results
  return { stopped, killed, wrong: [...stopped.wrong, ...killed.wrong] }
}

/** One of so many, each made when its turn comes: all at once would be a copy of the store for each. */
function* oneIn(many, all) {
  let nth = 0
  for (const each of all) if (nth++ % many === 0) yield each
}

async function bytes(onProgress) {
  return flipEveryByte(await smallStore(seed), { stride, onProgress })
}
