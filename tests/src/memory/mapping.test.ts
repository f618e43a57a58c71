/** ME: windows on mapped regions, and a locus that uses several containers at once. One thread plays locus and manager. */
import { asContainer, asLocus, locusStates, type Status } from '@katydid/abi'
import type { Region } from '@katydid/actor'
import { AccessError, Lcd, Window, type Trap } from '@katydid/memory'
import test, { type ExecutionContext } from 'ava'
import {
  MappedLocus,
  mappedMachine,
  mappedManager,
  mappedPageSet,
  pageBytes,
  tableOf,
} from '../support/mapped-machine.js'

const pages = 8
const host = asContainer(0)
const supplier = asContainer(1)
const other = asContainer(2)

interface Served {
  readonly region: Region
  readonly locus: MappedLocus
  readonly traps: Trap[]
  readonly lcds: Lcd[]
  /** Called in the middle of every trap, while the locus is quiet. */
  meanwhile: () => void
}

/** A locus in container 0 of three, whose traps are settled at once: a frame for each page asked for. */
function served(): Served {
  const { region, frames } = mappedMachine(3, pages, 32)
  const lcds = [host, supplier, other].map((container) =>
    Lcd.open(region, { container, manager: mappedManager, pageSet: mappedPageSet }),
  )
  const traps: Trap[] = []
  const machine: Served = {
    region,
    traps,
    lcds,
    meanwhile: () => {},
    locus: new MappedLocus(region, asLocus(0), host, pages, {
      resolve: (trap) => {
        traps.push(trap)
        machine.locus.trap.goQuiet()
        const offset = Math.floor(trap.offset / pageBytes) * pageBytes
        const lcd = lcds[trap.container]!
        const frame = lcd.query(offset).frame ?? frames.pop()!
        const status = lcd.install([{ offset, frame, access: trap.access }])
        if (status !== 'ok') throw new Error(status)
        machine.meanwhile()
        machine.locus.trap.comeBack()
      },
    }),
  }
  return machine
}

const isAttached = (region: Region, container: typeof host): boolean =>
  (region.words.load(region.containerWord(container, 'attached')) & 1) === 1

const refusedAs = (t: ExecutionContext, status: Status, access: () => unknown): void => {
  const error = t.throws(access, { instanceOf: AccessError })
  t.is(error.status, status)
}

test('[ME14] a removal is acknowledged by a locus that is busy in another of its containers', (t) => {
  const { locus, lcds } = served()
  const mapped = locus.open(supplier, 0x10000, 0, pageBytes)
  const far = locus.open(other, 0x20000, 0, pageBytes)
  const windows = [locus.own, mapped, far]
  for (const window of windows) window.setInt32(0, 1)

  for (const [removed, lcd] of lcds.entries())
    for (const [used, window] of windows.entries()) {
      const generation = lcd.protect([])
      t.false(lcd.acknowledged(generation), `${removed} ${used}`)
      window.getInt32(0)
      t.true(lcd.acknowledged(generation), `${removed} ${used}`)
    }
})

test('[ME14] a locus that goes quiet uses none of its containers, and takes note of all when it comes back', (t) => {
  const { locus, lcds } = served()
  locus.open(supplier, 0x10000, 0, pageBytes)
  const generations = lcds.map((lcd) => lcd.protect([]))

  t.deepEqual(
    lcds.map((lcd, i) => lcd.acknowledged(generations[i]!)),
    [false, false, true],
  )
  locus.trap.goQuiet()
  t.deepEqual(
    lcds.map((lcd, i) => lcd.acknowledged(generations[i]!)),
    [true, true, true],
  )
  locus.trap.comeBack()
  t.deepEqual(
    lcds.map((lcd, i) => lcd.acknowledged(generations[i]!)),
    [true, true, true],
  )
})

test('[ME14] parked with a view of one container out, a locus holds up no removal in the others', (t) => {
  const machine = served()
  const { locus, lcds, region } = machine
  const mapped = locus.open(supplier, 0x10000, 0, pages * pageBytes)
  const seen: boolean[][] = []
  machine.meanwhile = () => {
    if (locus.own.attachment.pins === 0) return
    const state = region.words.load(region.locusWord(asLocus(0), 'state'))
    t.is(state, locusStates.running)
    const generations = lcds.map((lcd) => lcd.protect([]))
    seen.push(lcds.map((lcd, i) => lcd.acknowledged(generations[i]!)))
  }

  locus.own.eachPage(0, pageBytes, 'read', () => void mapped.getInt32(0), 'direct')

  t.deepEqual(seen, [[false, true, true]])
  t.true(isAttached(region, supplier))
  const generation = lcds[1]!.protect([])
  t.false(lcds[1]!.acknowledged(generation))
  mapped.getInt32(0)
  t.true(lcds[1]!.acknowledged(generation))
})

test('[ME14] with the invocation its attachments end, and begin again with it', (t) => {
  const { locus, region } = served()
  const mapped = locus.open(supplier, 0x10000, 0, pageBytes)
  mapped.setInt32(0, 7)

  locus.uses.detach()
  t.deepEqual(
    [host, supplier].map((each) => isAttached(region, each)),
    [false, false],
  )
  refusedAs(t, 'access_denied', () => mapped.getInt32(0))
  locus.uses.attach()
  t.deepEqual(
    [host, supplier].map((each) => isAttached(region, each)),
    [true, true],
  )
  t.is(mapped.getInt32(0), 7)
})

test('[ME16] an access through a mapping traps to the supplier, at the offset there', (t) => {
  const { locus, traps, lcds } = served()
  const mapped = locus.open(supplier, 2 * pageBytes, 5 * pageBytes, 2 * pageBytes)

  mapped.setInt32(pageBytes + 8, 42)

  t.deepEqual(traps, [{ container: supplier, offset: 6 * pageBytes + 8, access: 'write' }])
  t.is(lcds[0]!.query(3 * pageBytes).frame, null)
  const direct = locus.open(supplier, 0, 0, pages * pageBytes)
  t.is(direct.getInt32(6 * pageBytes + 8), 42)
  refusedAs(t, 'out_of_window', () => mapped.getInt32(2 * pageBytes))
})

test('[ME16] two windows on one page by different ways are one memory', (t) => {
  const { locus } = served()
  const one = locus.open(supplier, 0, 3 * pageBytes, pageBytes)
  const two = locus.open(supplier, 4 * pageBytes, 2 * pageBytes, 3 * pageBytes)

  for (let i = 0; i < 100; i++) {
    one.add(16, 1)
    two.setInt32(pageBytes + 16, two.getInt32(pageBytes + 16) + 1)
  }

  t.is(one.getInt32(16), 200)
})

test('[ME16] a window without the right to write refuses every kind of store, and reads', (t) => {
  const { locus, lcds } = served()
  const full = locus.open(supplier, 0, 0, pageBytes)
  full.setInt32(0, 9)
  const mapped = locus.open(supplier, 0x10000, 0, pageBytes, { writable: false })

  t.is(mapped.getInt32(0), 9)
  const stores = [
    () => mapped.setInt8(0, 1),
    () => mapped.setInt16(0, 1),
    () => mapped.setInt32(0, 1),
    () => mapped.setBigInt64(0, 1n),
    () => mapped.setFloat32(0, 1),
    () => mapped.setFloat64(0, 1),
    () => mapped.add(0, 1),
    () => mapped.and(0, 1),
    () => mapped.or(0, 1),
    () => mapped.exchange(0, 1),
    () => mapped.compareExchange(0, 9, 1),
    () => mapped.atomicStore(0, 1),
    () => mapped.setBytes(0, Uint8Array.of(1)),
    () => mapped.fill(0, 8, 1),
    () => mapped.eachPage(0, 8, 'write', () => {}),
  ]
  for (const store of stores) refusedAs(t, 'access_denied', store)
  lcds[1]!.protect([])
  for (const store of stores) refusedAs(t, 'access_denied', store)
  t.is(mapped.getInt32(0), 9)
  t.is(full.getInt32(0), 9)
})

test('[ME3] after a capture of the supplier the first store through a mapping traps', (t) => {
  const { locus, region, traps } = served()
  const mapped = locus.open(supplier, 0x10000, 0, pageBytes)
  mapped.setInt32(0, 1)
  mapped.setInt32(4, 1)
  t.is(traps.length, 1)

  locus.trap.goQuiet(locusStates.resting)
  region.words.add(region.containerWord(supplier, 'capture'), 1)
  locus.trap.comeBack()

  t.is(mapped.getInt32(0), 1)
  t.is(traps.length, 1)
  mapped.setInt32(0, 2)
  t.deepEqual(traps.at(-1), { container: supplier, offset: 0, access: 'write' })
  t.is(traps.length, 2)
})

test('[ME17] after the mappings of its container have changed a window asks once, and goes on when it still holds', (t) => {
  const { locus, region } = served()
  let asked = 0
  const mapped = locus.open(supplier, 0x10000, 0, pageBytes, {
    confirm: () => {
      asked++
      return null
    },
  })
  mapped.setInt32(0, 5)

  region.words.add(region.containerWord(host, 'mappings'), 1)
  region.words.add(region.containerWord(supplier, 'gen'), 1)

  t.is(mapped.getInt32(0), 5)
  mapped.setInt32(0, 6)
  t.is(mapped.getInt32(0), 6)
  t.is(asked, 1)
})

test('[ME17] a window that no longer shows what it showed refuses for good', (t) => {
  const { locus, region, lcds } = served()
  const lost = new AccessError('entity_gone', 'it is gone')
  let gone = true
  const mapped = locus.open(supplier, 0x10000, 0, pageBytes, {
    confirm: () => (gone ? lost : null),
  })
  mapped.setInt32(0, 5)
  locus.own.setInt32(0, 1)

  region.words.add(region.containerWord(host, 'mappings'), 1)
  const generation = lcds[1]!.protect([])
  // Noticed elsewhere, so that the window is not told by its own look at the generation.
  locus.own.getInt32(0)
  t.true(lcds[1]!.acknowledged(generation))

  refusedAs(t, 'entity_gone', () => mapped.getInt32(0))
  gone = false
  refusedAs(t, 'entity_gone', () => mapped.getInt32(0))
  refusedAs(t, 'entity_gone', () => mapped.setInt32(0, 1))
  locus.trap.goQuiet()
  locus.trap.comeBack()
  refusedAs(t, 'entity_gone', () => mapped.getInt32(0))
  t.is(locus.own.getInt32(0), 1)
})

for (const access of ['read', 'write'] as const)
  test(`[ME17] a ${access} that waited for its page while the mapping ended does not go through`, (t) => {
    const machine = served()
    const { locus, region, lcds } = machine
    const lost = new AccessError('out_of_window', 'mapped elsewhere')
    let changed = false
    const mapped = locus.open(supplier, 0x10000, 0, pages * pageBytes, {
      confirm: () => (changed ? lost : null),
    })
    machine.meanwhile = () => {
      if (changed) return
      changed = true
      region.words.add(region.containerWord(host, 'mappings'), 1)
      const generation = lcds[1]!.protect([])
      // The locus is quiet: whoever ended the mapping has its answer now.
      t.true(lcds[1]!.acknowledged(generation))
    }

    refusedAs(t, 'out_of_window', () =>
      access === 'read' ? mapped.getInt32(pageBytes) : mapped.setInt32(pageBytes, 5),
    )

    machine.meanwhile = () => {}
    t.is(locus.open(supplier, 0, 0, pages * pageBytes).getInt32(pageBytes), 0)
  })

test('[WO70] a window that is given up refuses from then on, with the reason, and the one in its place is of use', (t) => {
  const { locus } = served()
  const { attachment } = locus.own
  const bounds = {
    length: pages * pageBytes,
    table: tableOf(attachment.region, host, pages),
    origin: 0,
    writable: true,
  }
  const before = locus.own.isStill(attachment, bounds)
  const elsewhere = locus.own.isStill(attachment, { ...bounds, table: bounds.table + 4 })
  locus.own.setInt32(8, 7)
  locus.own.giveUp(new AccessError('out_of_window', 'another one takes its place'))
  const next = new Window(attachment, 0, bounds.length, bounds.table)

  t.is(next.getInt32(8), 7)
  refusedAs(t, 'out_of_window', () => locus.own.getInt32(8))
  refusedAs(t, 'out_of_window', () => locus.own.setInt32(8, 1))
  t.true(before)
  t.false(elsewhere)
  t.false(locus.own.isStill(attachment, bounds))
})
