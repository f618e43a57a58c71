/**
 * `page-hit`: what a resident access costs beside a plain array of the same size, touched before, at the same offsets.
 *
 * The window has met misses, soft faults and raised generations before it is timed, and three windows are alive and take turns:
 * a loop over one window that never missed would look a third faster than a program is.
 */
import { asLocus, writePattern, type Access } from '@katydid/abi'
import type { Window } from '@katydid/memory'
import type { Bench, BenchOptions, Case, Contender } from './bench.js'
import {
  benchMachine,
  container,
  join,
  joinAcross,
  openWhole,
  type BenchMachine,
} from './machine.js'
import * as loops from './page-hit-loops.js'

const size = 16 * 1024 * 1024

export const pageHit: Bench = {
  name: 'page-hit',
  question: 'what does an access to a resident page cost, beside a plain array?',
  async run(options, measure) {
    const small = ready(4096)
    const cases = [...sequential(small), ...random(small), eachPage(small, 'each-page-read', 1.1)]
    cases.push(eachPage(ready(65536), 'each-page-read-64k', 1.03))
    for (const each of cases) await measure(pace(each, options))
    // Made last: from here on the loops meet windows of two classes, as in programs that use both.
    for (const each of mapped(small, ready(4096, true))) await measure(pace(each, options))
  },
}

interface Ready {
  readonly windows: readonly Window[]
  readonly machine: BenchMachine
  /** Makes a window's next accesses miss: a page aged, a page taken out, the generation raised. */
  readonly disturb: () => void
  readonly raw: {
    readonly i32: Int32Array<SharedArrayBuffer>
    readonly u8: Uint8Array<SharedArrayBuffer>
    readonly f64: Float64Array<SharedArrayBuffer>
  }
}

type Unpaced = Omit<Case, 'warmUps' | 'rounds'>

const pace = (each: Unpaced, { quick }: BenchOptions): Case => ({
  ...each,
  warmUps: 3,
  rounds: quick ? 15 : 60,
})

function ready(pageBytes: number, isMapped = false): Ready {
  const pages = size / pageBytes
  const machine = benchMachine(pages, pageBytes)
  const supply = ({ offset }: { offset: number; access: Access }): void => {
    const page = Math.floor(offset / pageBytes)
    machine.lcd.install([
      { offset: page * pageBytes, frame: machine.frames[page]!, access: 'write' },
    ])
  }
  const strategy = { resolve: supply }
  const attachment = isMapped
    ? joinAcross(machine.region, asLocus(0), strategy)
    : join(machine.region, asLocus(0), { strategy }).attachment
  const windows = [0, 1, 2].map(() => openWhole(attachment, machine.table, pages))
  const i32 = new Int32Array(new SharedArrayBuffer(size))
  for (let at = 0; at < size; at += 4) {
    windows[0]!.setInt32(at, at)
    i32[at >> 2] = at
  }
  let turn = 0
  const disturb = (): void => {
    const page = turn++ % Math.min(pages, 4)
    machine.lcd.ageOut(page * pageBytes)
    machine.lcd.remove([((page + 1) % 4) * pageBytes])
  }
  return {
    windows,
    machine,
    disturb,
    raw: { i32, u8: new Uint8Array(i32.buffer), f64: new Float64Array(i32.buffer) },
  }
}

/** A contender that does `body`, `accesses` on the whole size; warmed by short calls, so that the whole function is compiled. */
function contender(
  accesses: number,
  body: (bytes: number) => void,
  before?: () => void,
): Contender {
  for (let call = 0; call < 400; call++) {
    if (call % 4 === 0) before?.()
    body(16384)
  }
  return {
    pass: () => {
      const from = busyMs()
      body(size)
      return [((busyMs() - from) * 1e6) / accesses]
    },
  }
}

/** What this process has computed so far: the loops wait for nobody, and a busy machine must not count. */
function busyMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function onWindows(
  { windows, disturb }: Ready,
  count: number,
  body: (window: Window, bytes: number) => void,
): Contender {
  let turn = 0
  return contender(count, (bytes) => body(windows[turn++ % windows.length]!, bytes), disturb)
}

function sequential(on: Ready): Unpaced[] {
  const { raw } = on
  const { region, table } = on.machine
  const entries = table >> 2
  const pattern = writePattern(region.i32[region.containerWord(container, 'capture')]!)
  const map = mapOf(raw.i32)
  const words = size / 4
  const read: Unpaced = {
    name: 'read-seq-i32',
    unit: 'ns',
    katydid: onWindows(on, words, (window, bytes) => void loops.readWindow(window, bytes)),
    peers: {
      raw: contender(words, (bytes) => void loops.readRaw(raw.i32, bytes)),
      'bare-check': contender(words, (bytes) => void loops.readBare(region.i32, entries, bytes)),
      map: contender(words, (bytes) => void loops.readMap(map, bytes)),
    },
    targets: { raw: 2.3, 'bare-check': 1.3 },
  }
  const write: Unpaced = {
    name: 'write-seq-i32',
    unit: 'ns',
    katydid: onWindows(on, words, (window, bytes) => loops.writeWindow(window, bytes)),
    peers: {
      raw: contender(words, (bytes) => loops.writeRaw(raw.i32, bytes)),
      'bare-check': contender(words, (bytes) =>
        loops.writeBare(region.i32, entries, pattern, bytes),
      ),
    },
    targets: { raw: 2.6 },
  }
  const doubles: Unpaced = {
    name: 'read-seq-f64',
    unit: 'ns',
    katydid: onWindows(on, size / 8, (window, bytes) => void loops.readWindowF64(window, bytes)),
    peers: { raw: contender(size / 8, (bytes) => void loops.readRawF64(raw.f64, bytes)) },
    targets: {},
  }
  const octets: Unpaced = {
    name: 'read-seq-u8',
    unit: 'ns',
    katydid: onWindows(on, size, (window, bytes) => void loops.readWindowU8(window, bytes)),
    peers: { raw: contender(size, (bytes) => void loops.readRawU8(raw.u8, bytes)) },
    targets: {},
  }
  return [read, write, doubles, octets]
}

/** The same accesses through a mapping: each looks at the window's own note of the page as well. */
function mapped(own: Ready, across: Ready): Unpaced[] {
  const words = size / 4
  const cases = [
    ['mapped-read-seq-i32', loops.readWindow, loops.readRaw],
    ['mapped-write-seq-i32', loops.writeWindow, loops.writeRaw],
  ] as const
  return cases.map(([name, onWindow, onRaw]) => ({
    name,
    unit: 'ns',
    katydid: onWindows(across, words, (window, bytes) => void onWindow(window, bytes)),
    peers: {
      own: onWindows(own, words, (window, bytes) => void onWindow(window, bytes)),
      raw: contender(words, (bytes) => void onRaw(own.raw.i32, bytes)),
    },
    targets: {},
  }))
}

function random(on: Ready): Unpaced[] {
  const { raw } = on
  const count = size >> 4
  const map = mapOf(raw.i32)
  return [
    {
      name: 'read-random-i32',
      unit: 'ns',
      katydid: onWindows(
        on,
        count,
        (window, bytes) => void loops.randomWindow(window, size, bytes >> 4),
      ),
      peers: {
        raw: contender(count, (bytes) => void loops.randomRaw(raw.i32, size, bytes >> 4)),
        map: contender(count, (bytes) => void loops.randomMap(map, size, bytes >> 4)),
      },
      targets: { raw: 2.2 },
    },
  ]
}

function eachPage(on: Ready, name: string, target: number): Unpaced {
  return {
    name,
    unit: 'ns',
    katydid: onWindows(on, size, (window, bytes) => void loops.eachPageDirect(window, bytes)),
    peers: { raw: contender(size, (bytes) => void loops.eachByteRaw(on.raw.u8, bytes)) },
    targets: { raw: target },
  }
}

function mapOf(words: Int32Array<SharedArrayBuffer>): Map<number, Int32Array<SharedArrayBuffer>> {
  const pages = new Map<number, Int32Array<SharedArrayBuffer>>()
  for (let page = 0; page < size / 4096; page++)
    pages.set(page, new Int32Array(words.buffer, page * 4096, 1024))
  return pages
}
