/** SI: what a locus does at a mapping while the supplier is cut, and what passes through it. One thread plays locus, manager and kernel. */
import { asContainer, asLocus, containerGates, keptPeriodEnds, locusStates } from '@katydid/abi'
import type { Region } from '@katydid/actor'
import { endPeriod, Lcd, receivedFrom, type Trap, type Window } from '@katydid/memory'
import test from 'ava'
import {
  giveStamps,
  MappedLocus,
  mappedMachine,
  mappedManager,
  mappedPageSet,
  pageBytes,
} from '../support/mapped-machine.js'

const pages = 8
const host = asContainer(0)
const supplier = asContainer(1)

/** A locus in container 0 that has all of container 1 mapped, and a manager that shows what is asked for. */
class Scene {
  readonly region: Region
  readonly locus: MappedLocus
  readonly lcd: Lcd
  readonly window: Window
  readonly traps: Trap[] = []

  constructor() {
    const { region, frames } = mappedMachine(2, pages, 24)
    this.region = region
    giveStamps(region, supplier, pages)
    const lcds = [host, supplier].map((container) =>
      Lcd.open(region, { container, manager: mappedManager, pageSet: mappedPageSet }),
    )
    this.lcd = lcds[1]!
    this.locus = new MappedLocus(region, asLocus(0), host, pages, {
      resolve: (trap) => {
        this.traps.push(trap)
        const offset = Math.floor(trap.offset / pageBytes) * pageBytes
        const of = lcds[trap.container]!
        const frame = of.query(offset).frame ?? frames.pop()!
        this.locus.trap.goQuiet()
        const status = of.install([{ offset, frame, access: trap.access }])
        if (status !== 'ok') throw new Error(status)
        this.locus.trap.comeBack()
      },
    })
    this.setInterval(host, 100n)
    this.setInterval(supplier, 5n)
    this.window = this.locus.open(supplier, 0x10000, 0, pages * pageBytes)
  }

  setInterval(of: typeof host, to: bigint): void {
    Atomics.store(this.region.i64, this.region.containerWord(of, 'interval') >> 1, to)
  }

  gate(to: keyof typeof containerGates): void {
    this.region.words.store(this.region.containerWord(supplier, 'gate'), containerGates[to])
  }

  /** The manager gives a locus of the supplier write access to the page, and that writes. */
  written(page: number): void {
    const { frame } = this.lcd.query(page * pageBytes)
    this.lcd.install([{ offset: page * pageBytes, frame: frame!, access: 'write' }])
  }

  /** The kernel's part of a cut, with the gate cutting: the period ends with `label`. */
  cut(label: number): void {
    const { region } = this
    endPeriod(region, supplier, label)
    this.setInterval(supplier, BigInt(label) + 1n)
    region.words.add(region.containerWord(supplier, 'epoch'), 1)
    for (const sender of [host, supplier])
      Atomics.store(region.i64, region.dependencyIndex(supplier, sender), 0n)
    region.words.add(region.containerWord(supplier, 'capture'), 1)
  }

  /** The host is captured while the locus rests. */
  captureHost(): void {
    const { region, locus } = this
    locus.trap.goQuiet(locusStates.resting)
    Atomics.store(region.i64, region.dependencyIndex(host, supplier), 0n)
    region.words.add(region.containerWord(host, 'epoch'), 1)
    locus.trap.comeBack()
  }

  rest(): void {
    this.locus.trap.goQuiet(locusStates.resting)
    this.locus.trap.comeBack()
  }

  get hostHas(): bigint {
    return receivedFrom(this.region, host, supplier)
  }

  get supplierHas(): bigint {
    return receivedFrom(this.region, supplier, host)
  }
}

test('[SI91] a locus that takes note while the supplier is cut waits before its access, and stores under the new number only', (t) => {
  for (const access of ['load', 'store', 'atomic'] as const) {
    const scene = new Scene()
    const { window, lcd, locus } = scene
    window.setInt32(8, 1)
    const traps = scene.traps.length
    scene.gate('cutting')
    const generation = lcd.protect([])
    t.false(lcd.acknowledged(generation))
    let waited = 0
    locus.whileHeld = () => {
      waited++
      t.true(lcd.acknowledged(generation))
      scene.cut(6)
      scene.gate('open')
    }

    if (access === 'load') window.getInt32(8)
    else if (access === 'store') window.setInt32(8, 2)
    else window.add(8, 1)

    t.is(waited, 1, access)
    window.setInt32(8, 3)
    t.true(scene.traps.length > traps, access)
  }
})

test('[SI91] one that takes note in another of its containers is let go on there, and not at the supplier, nor with the old number afterwards', (t) => {
  const scene = new Scene()
  const { window, lcd, locus } = scene
  window.setInt32(8, 1)
  locus.own.setInt32(0, 1)
  const traps = scene.traps.length
  scene.gate('cutting')
  const generation = lcd.protect([])

  locus.own.setInt32(0, 2)
  t.true(lcd.acknowledged(generation))
  scene.cut(6)
  scene.gate('open')
  window.setInt32(8, 2)

  t.deepEqual(
    scene.traps.slice(traps).map(({ container, access }) => [container, access]),
    [[supplier, 'write']],
  )
})

test('[SI91] a window that is opened while the supplier is cut waits like any other', (t) => {
  const scene = new Scene()
  scene.window.getInt32(0)
  scene.gate('cutting')
  scene.lcd.protect([])
  scene.locus.own.getInt32(0)
  let waited = 0
  scene.locus.whileHeld = () => {
    waited++
    scene.gate('open')
  }

  scene.locus.open(supplier, 0x40000, 0, pageBytes).getInt32(0)

  t.is(waited, 1)
})

test('[SI91] a view of the supplier holds its cut up until it is taken back, and no access follows it', (t) => {
  const scene = new Scene()
  const { window, lcd } = scene
  window.setInt32(8, 1)
  let generation = 0
  window.eachPage(
    0,
    pageBytes,
    'write',
    (view) => {
      scene.gate('cutting')
      generation = lcd.protect([])
      view[16] = 7
      window.getInt32(8)
      t.false(lcd.acknowledged(generation))
    },
    'direct',
  )

  t.true(lcd.acknowledged(generation))
  let waited = 0
  scene.locus.whileHeld = () => {
    waited++
    scene.gate('open')
  }
  window.getInt32(8)
  t.is(waited, 1)
})

test('[SI92] the first store to each page since a capture of either is received by the supplier before it is made', (t) => {
  const scene = new Scene()
  const { window } = scene
  window.getInt32(0)
  t.is(scene.supplierHas, 0n)

  window.setInt32(0, 1)
  t.is(scene.supplierHas, 100n)
  scene.setInterval(host, 130n)
  window.setInt32(4, 1)
  t.is(scene.supplierHas, 100n)
  window.setInt32(pageBytes, 1)
  t.is(scene.supplierHas, 130n)

  scene.captureHost()
  scene.setInterval(host, 140n)
  window.setInt32(0, 2)
  t.is(scene.supplierHas, 140n)

  scene.gate('cutting')
  scene.lcd.protect([])
  scene.locus.whileHeld = () => {
    scene.cut(900)
    scene.gate('open')
  }
  window.getInt32(0)
  t.is(scene.supplierHas, 0n)
  window.setInt32(0, 3)
  t.true(scene.supplierHas >= 140n)
})

test('[SI92] who has stored needs the supplier’s interval too, as it knows that the store was made', (t) => {
  const scene = new Scene()
  scene.window.setInt32(0, 1)
  scene.setInterval(supplier, 50n)

  scene.rest()

  t.is(scene.hostHas, 50n)
})

test('[SI93] a read is received from the interval in which the page was last written, as far as captures tell them apart', (t) => {
  const scene = new Scene()
  const { window, locus } = scene
  const seen: bigint[] = []
  for (const page of [0, 1]) window.getInt32(page * pageBytes)
  t.is(scene.hostHas, 0n)

  scene.written(0)
  scene.cut(7)
  scene.written(1)
  scene.cut(11)
  scene.written(1)
  scene.setInterval(supplier, 20n)
  scene.captureHost()
  for (const page of [2, 0, 1]) {
    window.getInt32(page * pageBytes)
    seen.push(scene.hostHas)
  }

  t.deepEqual(seen, [0n, 7n, 20n])
  t.is(locus.uses.suppliers.length, 1)
})

test('[SI93] what is written after a page was read for the first time, and read again, is received before the locus rests', (t) => {
  const scene = new Scene()
  const { window } = scene
  window.getInt32(0)
  scene.written(0)
  scene.cut(7)
  scene.captureHost()
  window.getInt32(0)
  t.is(scene.hostHas, 7n)
  scene.written(0)
  scene.setInterval(supplier, 12n)

  window.getInt32(0)
  scene.rest()

  t.is(scene.hostHas, 12n)
})

test('[SI93] so it is before it leaves its container, and before it waits for a cut of the supplier', (t) => {
  for (const how of ['leaves', 'waits'] as const) {
    const scene = new Scene()
    const { window } = scene
    window.getInt32(0)
    scene.written(0)
    scene.setInterval(supplier, 12n)
    let has = 0n
    if (how === 'leaves') {
      scene.locus.uses.detach()
      has = scene.hostHas
    } else {
      scene.gate('cutting')
      scene.lcd.protect([])
      scene.locus.whileHeld = () => {
        has = scene.hostHas
        scene.gate('open')
      }
      window.getInt32(0)
    }
    t.is(has, 12n, how)
  }
})

test('[SI93] of a page that was written too many captures ago the oldest that is known is received', (t) => {
  const scene = new Scene()
  scene.window.getInt32(0)
  scene.written(0)
  for (let label = 1; label <= 200; label++) scene.cut(label * 10)
  scene.captureHost()

  scene.window.getInt32(0)

  t.is(scene.hostHas, BigInt((200 - keptPeriodEnds + 2) * 10))
})

test('[SI96] a store of a container that was captured waits for the capture of the supplier in the same epoch; a load does not', (t) => {
  const scene = new Scene()
  const { window, region, locus } = scene
  window.setInt32(0, 1)
  region.words.store(region.containerWord(supplier, 'epoch'), 2)
  region.words.store(region.containerWord(host, 'epoch'), 3)
  locus.trap.goQuiet(locusStates.resting)
  locus.trap.comeBack()
  scene.gate('shut')
  const waits: string[] = []
  locus.whileHeld = () => {
    waits.push('held')
    region.words.store(region.containerWord(supplier, 'mixed'), 3)
  }

  window.getInt32(0)
  t.deepEqual(waits, [])
  window.setInt32(0, 2)
  window.setInt32(4, 2)

  t.deepEqual(waits, ['held'])
  t.is(window.getInt32(0), 2)
})
