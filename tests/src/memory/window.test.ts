import { asFrame, asLocus, type Status } from '@katydid/abi'
import { AccessError, type TrapStrategy, type Window } from '@katydid/memory'
import test, { type ExecutionContext } from 'ava'
import * as fc from 'fast-check'
import { joinAsLocus, smallMachine } from '../support/small-machine.js'

const pages = 8
const pageBytes = 4096

/** A machine whose manager is the trap itself: every page gets the frame of its number. */
function served(): { window: Window; machine: ReturnType<typeof smallMachine> } {
  const machine = smallMachine(pages, pages)
  const strategy: TrapStrategy = {
    resolve: ({ offset, access }) => {
      const page = Math.floor(offset / pageBytes)
      machine.lcd.install([{ offset: page * pageBytes, frame: machine.frames[page]!, access }])
    },
  }
  return {
    machine,
    window: joinAsLocus(machine.region, machine.table, asLocus(0), pages, strategy).window,
  }
}

const refusedAs = (t: ExecutionContext, status: Status, access: () => unknown): void => {
  const error = t.throws(access, { instanceOf: AccessError })
  t.is(error.status, status)
}

test('[ME8] an access outside the window is out_of_window, whatever the number', (t) => {
  const { window } = served()

  for (const offset of [
    -1,
    -4,
    window.length,
    window.length + 4,
    2 ** 31,
    2 ** 32,
    2 ** 40,
    Number.NaN,
    Infinity,
  ]) {
    refusedAs(t, 'out_of_window', () => window.getInt32(offset))
    refusedAs(t, 'out_of_window', () => window.setFloat64(offset, 1))
    refusedAs(t, 'out_of_window', () => window.getBytes(offset, 1))
  }
  refusedAs(t, 'out_of_window', () => window.getBytes(window.length - 4, 5))
})

test('[ME8] an unaligned typed access is misaligned, and a fractional offset is no address', (t) => {
  const { window } = served()

  for (const offset of [1, 2, 3, 5]) refusedAs(t, 'misaligned', () => window.getInt32(offset))
  for (const offset of [4, 12]) refusedAs(t, 'misaligned', () => window.setFloat64(offset, 1))
  refusedAs(t, 'misaligned', () => window.compareExchange(2, 0, 1))
  refusedAs(t, 'out_of_window', () => window.getInt32(4.5))
  refusedAs(t, 'out_of_window', () => window.getUint8(0.5))
})

test('[ME10] every kind of value reads back', (t) => {
  const { window } = served()

  window.setInt8(0, -5)
  window.setInt16(2, -300)
  window.setInt32(4, -70000)
  window.setBigInt64(8, -(2n ** 60n))
  window.setFloat32(16, 1.5)
  window.setFloat64(24, Math.PI)

  t.deepEqual([window.getInt8(0), window.getUint8(0)], [-5, 251])
  t.deepEqual([window.getInt16(2), window.getUint16(2)], [-300, 65236])
  t.deepEqual([window.getInt32(4), window.getUint32(4)], [-70000, 4294897296])
  t.deepEqual(
    [window.getBigInt64(8), window.getBigUint64(8)],
    [-(2n ** 60n), 2n ** 64n - 2n ** 60n],
  )
  t.deepEqual([window.getFloat32(16), window.getFloat64(24)], [1.5, Math.PI])
  t.deepEqual(
    [
      window.add(4, 5),
      window.exchange(4, 9),
      window.compareExchange(4, 9, 7),
      window.atomicLoad(4),
    ],
    [-70000, -69995, 9, 7],
  )
})

test('[ME10] byte ranges of any alignment equal a plain array', (t) => {
  const range = fc.record({
    at: fc.nat(pages * pageBytes - 1),
    bytes: fc.uint8Array({ maxLength: 9000 }),
  })
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (writes) => {
      const { window } = served()
      window.fill(0, window.length, 0)
      const model = new Uint8Array(window.length)
      for (const { at, bytes } of writes) {
        const part = bytes.subarray(0, model.length - at)
        window.setBytes(at, part)
        model.set(part, at)
      }
      t.deepEqual(window.getBytes(0, model.length), model)
    }),
    { numRuns: 25 },
  )
})

test('[ME3] after a capture the first store to a page traps, and a read does not', (t) => {
  const { window, machine } = served()
  window.setInt32(0, 1)
  const { region } = machine
  const before = machine.lcd.query(0)

  region.words.add(region.containerWord(machine.lcd.container, 'capture'), 1)
  window.attachment.renew()

  t.true(before.writable)
  t.false(machine.lcd.query(0).writable)
  t.is(window.getInt32(0), 1)
  t.false(machine.lcd.query(0).writable)
  window.setInt32(0, 2)
  t.true(machine.lcd.query(0).writable)
})

test('[ME4] a page that the clock hand took out comes back without an upcall', (t) => {
  const { window, machine } = served()
  window.setInt32(0, 5)

  t.true(machine.lcd.ageOut(0))
  t.false(machine.lcd.ageOut(0))
  t.false(machine.lcd.query(0).referenced)
  t.is(window.getInt32(0), 5)

  t.deepEqual(machine.lcd.query(0), { frame: machine.frames[0]!, writable: true, referenced: true })
})

test('[ME13] a window refuses when its locus has left the container, and serves again when it is back', (t) => {
  const { window } = served()
  window.setInt32(0, 5)

  window.attachment.detach()
  refusedAs(t, 'access_denied', () => window.getInt32(0))
  refusedAs(t, 'access_denied', () => window.setInt32(0, 6))
  refusedAs(t, 'access_denied', () => window.setBytes(0, new Uint8Array(1)))

  window.attachment.attach()
  t.is(window.getInt32(0), 5)
})

test('[ME11] a manager that answers without giving access is given up after eight answers', (t) => {
  const machine = smallMachine(pages, pages)
  let answers = 0
  const { window } = joinAsLocus(machine.region, machine.table, asLocus(0), pages, {
    resolve: () => void answers++,
  })

  refusedAs(t, 'manager_failed', () => window.getInt32(0))

  t.is(answers, 8)
})

test('[LD1] install shows all pages or none', (t) => {
  const { lcd, frames, region } = smallMachine(pages, 4)
  const other = asFrame(frames[3]!)
  region.words.store(region.frameWord(other, 'owner'), 2)

  t.is(
    lcd.install([
      { offset: 0, frame: frames[0]!, access: 'read' },
      { offset: 4096, frame: other, access: 'read' },
    ]),
    'no_such_page_set',
  )
  t.is(lcd.install([{ offset: 0, frame: asFrame(1), access: 'read' }]), 'no_such_page_set')
  t.is(lcd.install([{ offset: 12, frame: frames[0]!, access: 'read' }]), 'bad_argument')
  t.is(lcd.install([{ offset: 2 ** 40, frame: frames[0]!, access: 'read' }]), 'bad_argument')
  t.is(lcd.query(0).frame, null)
  t.is(lcd.install([{ offset: 0, frame: frames[0]!, access: 'read' }]), 'ok')
  t.is(lcd.install([{ offset: 4096, frame: frames[0]!, access: 'read' }]), 'bad_argument')
  t.is(lcd.install([{ offset: 0, frame: frames[1]!, access: 'read' }]), 'bad_argument')
  region.words.store(region.containerWord(lcd.container, 'manager'), 5)
  t.is(lcd.install([{ offset: 4096, frame: frames[1]!, access: 'read' }]), 'no_such_container')
})

test('[LD2] remove and protect answer the generation that a running locus must acknowledge', (t) => {
  const { window, machine } = served()
  window.setInt32(0, 1)
  window.setInt32(4096, 1)

  const protectedAt = machine.lcd.protect([0])
  t.false(machine.lcd.acknowledged(protectedAt))
  t.is(window.getInt32(0), 1)
  t.true(machine.lcd.acknowledged(protectedAt))
  const removedAt = machine.lcd.remove([4096])
  t.false(machine.lcd.acknowledged(removedAt))
  window.getInt32(0)
  t.true(machine.lcd.acknowledged(removedAt))
})

test('[LD3] query tells frame, store and reference', (t) => {
  const { lcd, frames } = smallMachine(pages, 4)

  t.deepEqual(lcd.query(0), { frame: null, writable: false, referenced: false })
  lcd.install([{ offset: 0, frame: frames[2]!, access: 'read' }])
  t.deepEqual(lcd.query(0), { frame: frames[2]!, writable: false, referenced: true })
  lcd.install([{ offset: 0, frame: frames[2]!, access: 'write' }])
  t.deepEqual(lcd.query(0), { frame: frames[2]!, writable: true, referenced: true })
})

test('[LD4] replace moves a page to another frame, and the old one waits for the acknowledgement', (t) => {
  const { window, machine } = served()
  window.setInt32(8, 42)
  const [old, fresh] = [machine.frames[0]!, machine.frames[7]!]
  machine.region.frameBytes(fresh).set(machine.region.frameBytes(old))

  const { status, generation } = machine.lcd.replace({ offset: 0, frame: fresh, access: 'write' })

  t.is(status, 'ok')
  t.false(machine.lcd.acknowledged(generation))
  t.is(window.getInt32(8), 42)
  t.true(machine.lcd.acknowledged(generation))
  t.is(machine.region.words.load(machine.region.frameWord(old, 'entry')), 0)
})
