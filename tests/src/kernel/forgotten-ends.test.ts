/** SI: what has ended on the line does not come back from an older record of it that stands in the log yet, though the record of its end does not. In the simulator. */
import { run } from '@katydid/actor'
import type { CaptureRecord } from '@katydid/kernel/state-interval/records.js'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

/** The manager snapshots itself: a group on the disk that is no line record. */
function commitRoot(world: KernelWorld): void {
  run(world.managerMessenger, world.manager!.commitRoot(), () => {})
  world.run(100)
}

async function captured(world: KernelWorld): Promise<void> {
  world.write()
  await world.call('world_snapshot', { durable: true })
}

for (const isForgotten of [false, true])
  test(`[SI144] a copy of a point that stands behind the record of its unit’s end brings nothing back, ${isForgotten ? 'also when the line has forgotten the end' : 'as the line has the end'}`, async (t) => {
    const world = await KernelWorld.open()
    const gone = await world.container('gone')
    const home = await world.container('home')
    const port = await world.locus(gone, 'first')
    await captured(world)
    const { machine } = world.kernel
    const { captures } = machine
    const { slot, intervals } = machine.containers.named('gone')!
    await world.endLocus(port)
    await captured(world)
    const { record } = intervals.history.base!.capture
    const copied = record.containers.filter((each) => each.slot === slot)
    await world.call('container_destroy', { cont: gone })
    await captured(world)
    if (isForgotten) for (let n = 0; n < 3; n++) await captured(world)
    const over = [...captures.over.keys()].map(Number)
    // So much that the record of the end stands in a segment that is given up.
    for (let n = 0; n < 140; n++) commitRoot(world)
    // As it was written when the point was on the line.
    const copy: CaptureRecord = { ...record, capture: captures.takeId(), containers: copied }
    run(machine.messenger, machine.log.write([copy]), () => {})
    world.run(100)
    const { found } = await world.scan()

    const after = await KernelWorld.open({ earlier: world })
    const { status } = await after.call('container_find', { name: 'gone' })

    t.deepEqual(over, isForgotten ? [] : [Number(slot)])
    t.true(found.length > 0 && home !== undefined)
    t.is(copied.length, 1)
    t.is(after.boot?.status, 'ok', after.boot?.detail)
    t.is(after.boot?.damage, null)
    t.is(status, 'no_such_container')
    t.false(after.kernel.machine.captures.vector.has(slot))
  })
