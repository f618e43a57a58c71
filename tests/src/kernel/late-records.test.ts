/** SI: long records go to the disk in parts. One that was under way as something went back may be whole only behind the record of that. */
import type { FoundRecord } from '@katydid/kernel/state-interval/durable-log.js'
import { readLog, type LogContent } from '@katydid/kernel/recovery/log-reader.js'
import { readPart } from '@katydid/kernel/state-interval/parts.js'
import { unpackRecord } from '@katydid/kernel/state-interval/record-bytes.js'
import type {
  CaptureRecord,
  KernelRecord,
  LineRecord,
} from '@katydid/kernel/state-interval/records.js'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const recordOf = ({ content }: FoundRecord): KernelRecord => unpackRecord(readPart(content)!.bytes)!

/** The same log, but that this record became whole last of all. */
function late(found: readonly FoundRecord[], which: FoundRecord): FoundRecord[] {
  const position = found.at(-1)!.position + 1
  return [...found.filter((each) => each !== which), { ...which, position }]
}

const read = (found: readonly FoundRecord[]): LogContent => readLog(found, 'test', 6)

const intervalsOf = ({ points }: LogContent): string[] =>
  points.map(({ unit, interval }) => `${unit}: ${interval}`).toSorted()

/** A world in which something went back behind a capture whose record is on the disk and whose snapshot is not; what its log has. */
async function wentBack(goesBack: (world: KernelWorld) => Promise<KernelWorld>) {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const port = await world.locus(cont, 'it')
  const capture = async (durable: boolean): Promise<void> => {
    world.setState(port, 'resting')
    world.write()
    await world.call('world_snapshot', { durable })
    world.run(100)
  }
  await capture(true)
  await capture(true)
  world.behaviour.stabilise = false
  await capture(false)
  const before = (await world.scan()).found
  const later = await goesBack(world)
  // A recovery waits two seconds for a snapshot that may yet become stable.
  later.run(3_000)
  const { found } = await later.scan()
  const captures = before.filter(({ kind }) => kind === 'capture')
  const last = captures.at(-1)!
  const lost = found.find(({ position }) => position === last.position)!
  return { before, found, lost }
}

const ways = {
  'all of the world in another life': (world: KernelWorld) => KernelWorld.open({ earlier: world }),
  'one container': (world: KernelWorld) => {
    world.die([...world.loci.keys()][0]!)
    return Promise.resolve(world)
  },
}

for (const [what, goesBack] of Object.entries(ways)) {
  test(`[SI224] a capture whose record was under way as ${what} went back, and is whole only behind that, has no point that was given up`, async (t) => {
    const { before, found, lost } = await wentBack(goesBack)
    const { interval } = (recordOf(lost) as CaptureRecord).containers[0]!

    const [inTime, tooLate] = [read(found), read(late(found, lost))]

    t.true(
      read(before).points.some((each) => each.interval === interval),
      'there was nothing to be given up',
    )
    t.false(inTime.points.some((each) => each.interval === interval))
    t.deepEqual(intervalsOf(tooLate), intervalsOf(inTime))
  })

  test(`[SI224] a line that was under way as ${what} went back was told nobody: where that went back to stands`, async (t) => {
    const { before, found } = await wentBack(goesBack)
    const stale = before.findLast(({ kind }) => kind === 'line')!
    const there = found.find(({ position }) => position === stale.position)!

    const [inTime, tooLate] = [read(found), read(late(found, there))]

    t.true((recordOf(stale) as LineRecord).session < inTime.line!.session)
    t.deepEqual(tooLate.line, inTime.line)
  })
}
