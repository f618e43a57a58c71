/** The locus of `container-fault`: touches every page once a pass and answers how long each touch took, in microseconds. */
import { parentPort, workerData } from 'node:worker_threads'
import { asLocus } from '@katydid/abi'
import { Region } from '@katydid/actor'
import { join, openWhole } from './machine.js'
import type { FaultTask } from './tasks.js'

const task = workerData as FaultTask
const { attachment, trap } = join(new Region(task.region), asLocus(task.locus), { spin: task.spin })
const window = openWhole(attachment, task.table, task.pages)
const { pageBytes } = attachment.region.plan.shape
trap.goQuiet()

parentPort!.on('message', () => {
  const times: number[] = []
  trap.comeBack()
  for (let page = task.first; page < task.first + task.count; page++) {
    const from = performance.now()
    const held = window.getUint8(page * pageBytes)
    times.push((performance.now() - from) * 1000)
    if (held !== (page & 255)) throw new Error(`page ${page} holds ${held}`)
  }
  trap.goQuiet()
  parentPort!.postMessage(times)
})
parentPort!.postMessage('ready')
