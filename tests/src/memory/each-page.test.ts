import { asContainer, asLocus } from '@katydid/abi'
import { mayShow, type Window } from '@katydid/memory'
import test from 'ava'
import { joinAsLocus, smallMachine, type SmallMachine } from '../support/small-machine.js'

function served(): { window: Window; machine: SmallMachine } {
  const machine = smallMachine(4, 4)
  const window = joinAsLocus(machine.region, machine.table, asLocus(0), 4, {
    resolve: ({ offset, access }) => {
      const page = Math.floor(offset / 4096)
      machine.lcd.install([{ offset: page * 4096, frame: machine.frames[page]!, access }])
    },
  }).window
  return { machine, window }
}

test('[ME5] a range is shown page by page, each with its offset', (t) => {
  const { window } = served()
  const seen: [number, number][] = []

  window.eachPage(4000, 5000, 'read', (view, at) => void seen.push([at, view.length]))

  t.deepEqual(seen, [
    [4000, 96],
    [4096, 4096],
    [8192, 808],
  ])
})

test('[ME5] checked: what the callback changed is written back, and nothing else', (t) => {
  const { window } = served()
  window.setInt32(100, 1)

  window.eachPage(0, 4096, 'write', (view) => {
    view[200] = 7
    window.setInt32(104, 2)
  })

  t.is(window.getUint8(200), 7)
  t.is(window.getInt32(100), 1)
  t.is(window.getInt32(104), 2)
})

test('[ME5] checked: a view that was kept is detached', (t) => {
  const { window } = served()
  let kept: Uint8Array = new Uint8Array(0)

  window.eachPage(0, 16, 'write', (view) => void (kept = view))

  t.is(kept.length, 0)
  t.throws(() => new Uint8Array(kept.buffer as ArrayBuffer))
})

test('[ME5] checked: a read shows what is there and writes nothing back', (t) => {
  const { window } = served()
  window.setInt32(0, 9)

  window.eachPage(0, 4, 'read', (view) => void view.fill(1))

  t.is(window.getInt32(0), 9)
})

test('[ME5] direct: nothing is acknowledged while the view is out, then it is', (t) => {
  const { window, machine } = served()
  window.setInt32(4096, 1)

  window.eachPage(
    0,
    4096,
    'write',
    (view) => {
      const generation = machine.lcd.remove([4096])
      window.getInt32(4096)
      t.false(machine.lcd.acknowledged(generation))
      view[0] = 5
    },
    'direct',
  )

  t.true(
    machine.lcd.acknowledged(
      machine.region.words.load(machine.region.containerWord(machine.lcd.container, 'gen')),
    ),
  )
  t.is(window.getUint8(0), 5)
})

test('[ME5] direct: the frame goes to no other container', (t) => {
  const { window, machine } = served()

  window.eachPage(0, 4096, 'read', () => undefined, 'direct')
  machine.lcd.remove([0])

  t.true(mayShow(machine.region, machine.frames[0]!, machine.lcd.container, machine.table))
  t.false(mayShow(machine.region, machine.frames[0]!, asContainer(1), machine.table))
})

test('[ME5] what a callback throws comes out, and nothing stays held', (t) => {
  const { window, machine } = served()

  for (const mode of ['checked', 'direct'] as const)
    t.throws(() => window.eachPage(0, 16, 'write', thrower, mode), { message: 'mine' })

  t.is(window.attachment.pins, 0)
  t.is(machine.region.words.load(machine.region.locusWord(asLocus(0), 'pinned')), 0)
})

function thrower(): never {
  throw new Error('mine')
}
