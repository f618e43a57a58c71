/**
 * What every link must do, whatever carries it. Each check takes three new machines that meet; the assertions come from the caller, so
 * that this file needs no test runner. Messages carry numbers of the check's own, so what was sent is known without the link.
 */
import type { MachineId } from '@katydid/abi'
import type { PeerEvent, Sent } from '@katydid/actor'

/** The assertions that a check needs. */
export interface LinkAssertions {
  is(actual: unknown, expected: unknown, message?: string): unknown
  true(actual: boolean, message?: string): unknown
  deepEqual(actual: unknown, expected: unknown, message?: string): unknown
}

/** A message that came to the present incarnation of a machine. */
export interface Received {
  readonly from: MachineId
  readonly bytes: Uint8Array
}

/** Three machines that are linked. Nothing is lost on the way unless the carrier has to. */
export interface LinksUnderTest {
  readonly machines: readonly [MachineId, MachineId, MachineId]
  readonly longestMessage: number
  send(from: MachineId, to: MachineId, bytes: Uint8Array): Sent
  received(at: MachineId): readonly Received[]
  events(at: MachineId): readonly PeerEvent[]
  incarnation(of: MachineId): number
  /** Ends a machine without a word. */
  stop(machine: MachineId): Promise<void>
  /** Starts it again, as a later incarnation that has received nothing. */
  start(machine: MachineId): Promise<void>
  /** Hands bytes to the machine as if a carrier had brought them; answers how many frames it has thrown away since it began. */
  inject(machine: MachineId, bytes: Uint8Array): number
  /** Lets time pass until the condition holds, or for a few seconds of the link's time. */
  until(condition: () => boolean): Promise<boolean>
  close(): Promise<void>
}

export interface LinkCheck {
  readonly title: string
  run(t: LinkAssertions, links: LinksUnderTest): Promise<void>
}

export const linkConformance: readonly LinkCheck[] = [
  {
    title: '[NW1] [NW13] what arrives is what was sent, once, in the order of its pair',
    async run(t, links) {
      const [a, b, c] = links.machines
      const count = 300
      for (let n = 0; n < count; n++) {
        links.send(a, b, numbered(n))
        links.send(c, b, numbered(n))
      }

      t.true(await links.until(() => links.received(b).length >= 2 * count))
      await links.until(() => links.received(b).length > 2 * count)

      const all = Array.from({ length: count }, (_, n) => n)
      t.deepEqual(numbersFrom(links, b, a), all)
      t.deepEqual(numbersFrom(links, b, c), all)
    },
  },
  {
    title:
      '[NW5] [NW13] a message longer than a frame arrives whole; one longer than the longest is refused',
    async run(t, links) {
      const [a, b] = links.machines
      const long = pattern(links.longestMessage)

      t.is(links.send(a, b, long), 'sent')
      t.is(links.send(a, b, new Uint8Array(links.longestMessage + 1)), 'too_long')
      t.is(links.send(a, b, new Uint8Array(0)), 'sent')

      t.true(await links.until(() => links.received(b).length >= 2))
      const [first, second] = links.received(b)
      t.is(firstDifference(first!.bytes, long), -1)
      t.is(second?.bytes.length, 0)
    },
  },
  {
    title: '[NW5] [NW13] the bytes that arrive are their receiver’s own',
    async run(t, links) {
      const [a, b] = links.machines
      const sent = pattern(1000)
      links.send(a, b, sent)
      links.send(a, b, sent)
      sent.fill(7)

      t.true(await links.until(() => links.received(b).length >= 2))
      const [first, second] = links.received(b)
      first!.bytes.fill(9)

      t.is(firstDifference(second!.bytes, pattern(1000)), -1)
      t.is(sent[0], 7)
      t.true(!(second!.bytes.buffer instanceof SharedArrayBuffer))
    },
  },
  {
    title:
      '[NW3] [NW13] a machine that comes back is reported anew, and has nothing of what was sent to its last incarnation',
    async run(t, links) {
      const [a, b] = links.machines
      for (let n = 0; n < 100; n++) links.send(a, b, numbered(n))
      const before = links.incarnation(b)
      await links.stop(b)
      await links.start(b)
      // Sent while `a` knows of the last incarnation only, or just hears of the next.
      for (let n = 100; n < 200; n++) links.send(a, b, numbered(n))
      const heard = (): readonly PeerEvent[] =>
        links.events(a).filter(({ peer, what }) => peer === b && what === 'anew')
      t.true(await links.until(() => heard().length >= 2))
      // The way to it may still have to be made: what is sent meanwhile is lost.
      const arrives = (): boolean => {
        links.send(a, b, numbered(1000))
        return numbersFrom(links, b, a).includes(1000)
      }

      t.true(await links.until(arrives))
      t.deepEqual(
        numbersFrom(links, b, a).filter((n) => n < 100),
        [],
      )
      t.deepEqual(
        heard().map((event) => ('incarnation' in event ? event.incarnation : 0)),
        [before, links.incarnation(b)],
      )
    },
  },
  {
    title: '[NW4] [NW13] a machine that falls silent is reported once, and nobody else is',
    async run(t, links) {
      const [a, b, c] = links.machines
      await links.stop(b)
      const silent = (): readonly PeerEvent[] =>
        links.events(a).filter(({ what }) => what === 'silent')

      t.true(await links.until(() => silent().length > 0))
      await links.until(() => silent().length > 1)

      t.deepEqual(
        silent().map(({ peer }) => peer),
        [b],
      )
      links.send(a, c, numbered(1))
      t.true(await links.until(() => links.received(c).length === 1))
    },
  },
  {
    title: '[NW6] [NW13] bytes that are no frame are thrown away and counted, and the link goes on',
    async run(t, links) {
      const [a, b] = links.machines
      const before = links.inject(b, new Uint8Array(0))
      links.inject(b, pattern(47))
      links.inject(b, pattern(48))
      const after = links.inject(b, pattern(500))
      links.send(a, b, numbered(5))

      t.is(after - before, 3)
      t.true(await links.until(() => links.received(b).length > 0))
      t.deepEqual(numbersFrom(links, b, a), [5])
    },
  },
]

/** Runs the checks, each on machines of its own that have met. */
export async function runLinkConformance(
  t: LinkAssertions,
  makeLinks: () => Promise<LinksUnderTest>,
  checks: readonly LinkCheck[] = linkConformance,
): Promise<void> {
  for (const check of checks) {
    const links = await makeLinks()
    try {
      const meet = (): boolean =>
        links.machines.every(
          (each) => links.events(each).filter(({ what }) => what === 'anew').length >= 2,
        )
      t.true(await links.until(meet), 'the machines meet')
      await check.run(t, links)
    } finally {
      await links.close()
    }
  }
}

function numbered(n: number): Uint8Array {
  const bytes = new Uint8Array(64)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

const numbersFrom = (links: LinksUnderTest, at: MachineId, from: MachineId): number[] =>
  links
    .received(at)
    .filter((message) => message.from === from)
    .map(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0))

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 255)

/** Where two contents first differ; -1 when they do not. */
function firstDifference(one: Uint8Array, two: Uint8Array): number {
  if (one.length !== two.length) return Math.min(one.length, two.length)
  return one.findIndex((byte, at) => byte !== two[at])
}
