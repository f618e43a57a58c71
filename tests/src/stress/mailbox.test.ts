/** Mailboxes and bells under load: two real threads, millions of frames, a ring that is far too small. */
import { actorPorts, bellBits, defaultShape } from '@katydid/abi'
import { bellOf, longestMessage, MailboxReader, Random, Region, ringPort } from '@katydid/actor'
import test from 'ava'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ProducerWork } from './mailbox-producer.worker.js'

interface Outcome {
  readonly wrong: number
  readonly timeouts: number
  readonly refused: number
}

/** Takes `frames` frames on this thread while another sends them; both park when they cannot go on. */
async function transfer(frames: number, longest: number, spin: number): Promise<Outcome> {
  const region = Region.create({ ...defaultShape, frames: 16, maxLoci: 1, tableBytes: 65536 })
  const { barrier, disk } = actorPorts
  const place = region.plan.mailboxes.find(({ from, to }) => from === barrier && to === disk)!
  const work: ProducerWork = { region: region.handle, seed: 7, frames, longest, spin }
  const producer = new Worker(new URL('./mailbox-producer.worker.js', import.meta.url), {
    workerData: work,
  })
  const message = once(producer, 'message')
  const reader = new MailboxReader(region, place)
  const bell = bellOf(region, disk, spin)
  const random = new Random(work.seed)
  let wrong = 0
  let timeouts = 0
  for (let n = 0; n < frames;) {
    if (!reader.next()) {
      // A park that lasts to its end was a ring lost, even though it finds the mail then.
      const began = performance.now()
      bell.park(2000)
      if (performance.now() - began >= 1999) timeouts += 1
      continue
    }
    const { at, length } = reader
    const expected = random.below(longest + 1)
    if (length !== expected) wrong += 1
    const value = n & 0xff
    for (let i = 0; i < length; i += 37) if (region.u8[at + i] !== value) wrong += 1
    if (length > 0 && region.u8[at + length - 1] !== value) wrong += 1
    reader.advance()
    ringPort(region, barrier, bellBits.mail)
    n += 1
  }
  const [told] = (await message) as [{ timeouts: number; refused: number }]
  await producer.terminate()
  return { wrong, timeouts: timeouts + told.timeouts, refused: told.refused }
}

test.serial('[AC2] two million small frames arrive once, whole and in order', async (t) => {
  const { wrong, refused } = await transfer(2_000_000, 40, 1000)

  t.is(wrong, 0)
  t.true(refused > 0, 'the ring was never full: the test was too easy')
})

test.serial(
  '[AC2] frames of every size up to the longest wrap a small ring many times',
  async (t) => {
    const { wrong, refused } = await transfer(200_000, longestMessage(4096), 1000)

    t.is(wrong, 0)
    t.true(refused > 0, 'the ring was never full: the test was too easy')
  },
)

test.serial('[AC4] no ring is lost between two threads that park at once', async (t) => {
  const { wrong, timeouts, refused } = await transfer(300_000, longestMessage(4096), 0)

  t.is(wrong, 0)
  t.is(timeouts, 0, 'somebody slept through a ring')
  t.true(refused > 0, 'the ring was never full: the test was too easy')
})
