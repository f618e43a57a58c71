/**
 * Two real threads under the baton: a locus that goes quiet, comes back and reads, and a manager that takes the page out and uses
 * its frame anew. Between translation and use stands a step, as on a machine. `flaw` turns one order of the protocol round.
 */
import { asFrame, asLocus, locusStates } from '@katydid/abi'
import { BatonWords, Region } from '@katydid/actor'
import { Lcd } from '@katydid/memory'
import { parentPort, workerData } from 'node:worker_threads'
import { container, joinAsLocus, manager, pageSet } from './small-machine.js'

import type { RemovalWork } from './removal-work.js'

const work = workerData as RemovalWork
const plain = new Region(work.region)
const baton = new BatonWords(plain.i32, work.baton, work.thread)
const region = new Region(work.region, baton)
const frame = asFrame(region.plan.firstFrame / region.plan.shape.pageBytes)
/** Word index of the frame's first word. */
const data = region.plan.firstFrame >> 2
const lcd = Lcd.open(region, { container, manager, pageSet })
const locus = asLocus(0)
const bystander = asLocus(1)
class Gone extends Error {}

let strangers = 0
for (let seed = 1; seed <= work.seeds; seed++) {
  if (work.thread === 0) reset()
  baton.join(seed)
  if (work.thread === 0) strangers += read()
  else remove(seed)
  baton.leave()
  // Both leave before the next round is prepared: the rendezvous is a word of its own, outside the baton.
  rendezvous(seed)
}
parentPort!.postMessage(strangers)

function reset(): void {
  plain.i32.fill(7, data, data + 4)
  plain.words.store(plain.locusWord(locus, 'state'), locusStates.free)
  plain.words.store(plain.containerWord(container, 'attached'), 0)
  Lcd.open(plain, { container, manager, pageSet }).install([{ offset: 0, frame, access: 'read' }])
}

function read(): number {
  const { window, trap, attachment } = joinAsLocus(region, work.table, locus, 4, {
    resolve: () => {
      throw new Gone()
    },
  })
  try {
    for (let turn = 0; turn < 4; turn++) {
      const address = window.address(0, 'read')
      linger()
      if (region.i32[address >> 2] !== 7) return 1
      trap.goQuiet()
      if (work.flaw === 'running stored last') {
        attachment.renew()
        const stale = window.address(0, 'read')
        linger()
        region.words.store(region.locusWord(locus, 'state'), locusStates.running)
        if (region.i32[stale >> 2] !== 7) return 1
      } else trap.comeBack()
    }
    return 0
  } catch (error) {
    if (error instanceof Gone) return 0
    throw error
  } finally {
    trap.goQuiet(locusStates.ended)
  }
}

/** A while passes between translation and use: the other thread may do much meanwhile. */
function linger(): void {
  for (let steps = 0; steps < 12; steps++) baton.step()
}

function remove(seed: number): void {
  // So that the page is taken out at any moment of the locus's life, not at its beginning only.
  for (let delay = (seed * 7) % 60; delay > 0; delay--) baton.step()
  if (work.flaw === 'states read before the generation is raised') {
    const running = region.words.load(region.locusWord(locus, 'state')) === locusStates.running
    const generation = lcd.remove([0])
    if (running) while (!lcd.acknowledged(generation));
  } else {
    const generation = lcd.remove([0])
    if (work.flaw !== 'no wait') while (!lcd.acknowledged(generation));
  }
  region.i32[data] = 999
  baton.step()
}

function rendezvous(seed: number): void {
  const word = plain.locusWord(bystander, 'waitContainer')
  const arrived = Atomics.add(plain.i32, word, 1) + 1
  Atomics.notify(plain.i32, word)
  while (Atomics.load(plain.i32, word) < seed * 2) Atomics.wait(plain.i32, word, arrived, 1000)
}
