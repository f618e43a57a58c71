import {
  actorStates,
  asFrame,
  asLocus,
  bellBits,
  containerStates,
  locusStates,
  trapStates,
  waitStates,
} from '@katydid/abi'
import {
  answerTrap,
  beginTransfer,
  endTransfer,
  isIdle,
  postTrap,
  reclaim,
  reclaimActor,
  reclaimLocus,
  sweepCaptures,
  takeTraps,
} from '@katydid/memory'
import test from 'ava'
import { container, joinAsLocus, manager, pageSet, smallMachine } from '../support/small-machine.js'

const locus = asLocus(1)

function posted(): ReturnType<typeof smallMachine> {
  const machine = smallMachine(4, 4)
  postTrap(machine.region, locus, { container, offset: 5000, access: 'write', manager })
  return machine
}

test('[ME12] a trap reaches the manager with token, offset and access, and is answered once', (t) => {
  const { region } = posted()

  t.is(region.words.load(region.actorWord(manager, 'bell')), bellBits.mail)
  const [trap, ...others] = takeTraps(region, manager)
  t.is(others.length, 0)
  t.like(trap, { locus, token: 77, container, offset: 5000, access: 'write', machineId: 1 })
  t.deepEqual(takeTraps(region, manager), [])
  t.true(trap!.answer('ok'))
  t.false(trap!.answer('access_denied'))
  t.is(region.words.load(region.locusWord(locus, 'trapState')), trapStates.answered)
  t.is(region.words.load(region.locusWord(locus, 'bell')), bellBits.mail)
})

test('[ME12] an answer to a withdrawn trap changes nothing, not even the next trap', (t) => {
  const { region } = posted()
  const [trap] = takeTraps(region, manager)

  region.words.store(region.locusWord(locus, 'trapState'), trapStates.idle)
  t.false(trap!.answer('ok'))
  postTrap(region, locus, { container, offset: 0, access: 'read', manager })
  t.false(trap!.answer('ok'))

  t.is(region.words.load(region.locusWord(locus, 'trapState')), trapStates.posted)
})

test('[ME12] a record that is no container_fault is answered bad_message', (t) => {
  const { region } = posted()
  region.u8[region.locusWord(locus, 'trapRecord') * 4] = 0xc1

  t.deepEqual(takeTraps(region, manager), [])

  t.is(region.words.load(region.locusWord(locus, 'trapState')), trapStates.answered)
})

test('[ME6] a dead manager’s traps fail, posted and taken alike, and its bell is rung by nobody', (t) => {
  for (const take of [false, true]) {
    const { region, lcd } = posted()
    if (take) takeTraps(region, manager)
    lcd.ringWhenAcknowledged(manager)
    region.words.store(region.actorWord(manager, 'state'), actorStates.running)

    reclaimActor(region, manager)

    t.is(region.words.load(region.locusWord(locus, 'trapState')), trapStates.answered)
    t.is(region.words.load(region.locusWord(locus, 'bell')) & bellBits.mail, bellBits.mail)
    t.is(region.words.load(region.containerWord(container, 'ackBell')), 0)
    t.deepEqual(takeTraps(region, manager), [])
  }
})

test('[ME6] a dead locus holds up no acknowledgement and leaves no trap, wait or hold', (t) => {
  const machine = smallMachine(4, 4)
  const { region, lcd, table } = machine
  joinAsLocus(region, table, locus, 4)
  postTrap(region, locus, { container, offset: 0, access: 'read', manager })
  region.words.store(region.locusWord(locus, 'waitState'), waitStates.waiting)
  region.words.store(region.locusWord(locus, 'pinned'), 2)
  region.words.store(region.locusWord(locus, 'locks'), 1)
  const generation = lcd.remove([])
  t.false(lcd.acknowledged(generation))

  reclaimLocus(region, locus)

  t.true(lcd.acknowledged(generation))
  t.is(region.words.load(region.locusWord(locus, 'state')), locusStates.dead)
  t.is(region.words.load(region.containerWord(container, 'attached')), 0)
  t.deepEqual(takeTraps(region, manager), [])
  for (const row of [
    reclaim.ownTrap,
    reclaim.wait,
    reclaim.holds,
    reclaim.attachments,
    reclaim.locusState,
  ])
    t.is(row(region, locus), 0)
})

test('[ME6] a frame with a transfer in flight is freed by the completion, not by the reclaiming', (t) => {
  const { region, frames, lcd } = smallMachine(4, 4)
  lcd.install([{ offset: 0, frame: frames[0]!, access: 'read' }])
  beginTransfer(region, frames[1]!)

  t.is(reclaim.pageTable(region, container), 1)
  t.is(reclaim.frames(region, pageSet), 3)
  t.false(isIdle(region, frames[1]!))
  t.is(endTransfer(region, frames[1]!), 0)
  t.is(reclaim.frames(region, pageSet), 1)
  t.is(reclaim.frames(region, pageSet), 0)
})

test('[ME5] frames shown in direct mode go anywhere again once no locus of the container lives', (t) => {
  const { region, frames, table } = smallMachine(4, 4)
  joinAsLocus(region, table, locus, 4)
  region.words.store(region.frameWord(frames[2]!, 'shown'), container + 1)

  t.is(reclaim.shownFrames(region, container), 0)
  reclaimLocus(region, locus)
  t.is(reclaim.shownFrames(region, container), 1)
})

test('[ME11] a container that is stopped or has no manager refuses on the thread that traps', (t) => {
  const { region, table } = smallMachine(4, 4)
  const { window } = joinAsLocus(region, table, locus, 4)

  region.words.store(region.containerWord(container, 'manager'), -1)
  t.throws(() => window.getInt32(0), { message: /^no_manager/ })
  region.words.store(region.containerWord(container, 'state'), containerStates.stopped)
  t.throws(() => window.getInt32(0), { message: /^entity_gone/ })
})

test('[ME3] stale write access is swept before the capture number wraps, fresh access stays', (t) => {
  const { region, lcd, frames } = smallMachine(4, 4)
  const capture = region.containerWord(container, 'capture')
  lcd.install([{ offset: 0, frame: frames[0]!, access: 'write' }])
  region.words.store(capture, 200)
  lcd.install([{ offset: 4096, frame: frames[1]!, access: 'write' }])

  t.is(sweepCaptures(region, container, 100), 1)
  region.words.store(capture, 0)

  t.false(lcd.query(0).writable)
  region.words.store(capture, 200)
  t.true(lcd.query(4096).writable)
})

test('[ME7] offsets in different slabs of a large container never meet', (t) => {
  const size = 2 ** 40
  const { region, lcd } = smallMachine(4, 4, { tableBytes: 16 * 1024 * 1024 })
  region.f64[region.containerWord(container, 'size') >> 1] = size
  region.words.store(region.containerWord(container, 'slabs'), 512)
  const slice = region.plan.tables + 8192
  region.words.store((region.plan.tables >> 2) + 511, slice + 2 * 1024 * 1024)
  region.words.store((region.plan.tables >> 2) + 3, slice + 4 * 1024 * 1024)
  const first = region.plan.firstFrame / 4096

  t.is(
    lcd.install([{ offset: 511 * 2 ** 31 + 4096, frame: asFrame(first + 1), access: 'read' }]),
    'ok',
  )
  t.is(
    lcd.install([{ offset: 3 * 2 ** 31 + 4096, frame: asFrame(first + 2), access: 'read' }]),
    'ok',
  )

  t.is(lcd.query(511 * 2 ** 31 + 4096).frame, asFrame(first + 1))
  t.is(lcd.query(3 * 2 ** 31 + 4096).frame, asFrame(first + 2))
  t.is(lcd.query(2 ** 31 + 4096).frame, null)
  t.is(answerTrap(region, locus, 1, 'ok'), false)
})
