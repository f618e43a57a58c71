/** What a link promises, on wires that do anything while machines die and come back. */
import { asMachine } from '@katydid/abi'
import { LinkCore, type PeerEvent } from '@katydid/actor'
import type { WirePlan } from '@katydid/devices'
import test from 'ava'
import * as fc from 'fast-check'
import { machineCount, WildLinks, type Deed } from './wild-links.js'

const machine = fc.integer({ min: 1, max: machineCount })
const chance = fc.constantFrom(0, 0, 0.05, 0.3, 0.8)
const plan: fc.Arbitrary<WirePlan> = fc.record({
  latencyMs: fc.constantFrom(0, 1, 20),
  spreadMs: fc.constantFrom(0, 5),
  tailMs: fc.constantFrom(0, 2),
  bytesPerMs: fc.constantFrom(Infinity, 500),
  loss: chance,
  duplication: chance,
  reorder: chance,
  heldBackMs: fc.constantFrom(5, 40),
})
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      from: machine,
      to: machine,
      bytes: fc.constantFrom(4, 100, 208, 209, 1000, 4096),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 3, 15, 60) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), machine }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('cut' as const, 'heal' as const),
      from: machine,
      to: machine,
    }),
  },
)
const course = fc.array(deed, { minLength: 20, maxLength: 120, size: 'max' })

/** Runs a course and lets everything come to rest. */
function play(wirePlan: WirePlan, seed: number, deeds: readonly Deed[]): WildLinks {
  const links = new WildLinks(wirePlan, seed)
  for (const each of deeds) links.act(each)
  links.pass(200)
  return links
}

const runs = { numRuns: 150 }

test('[NW1] no message arrives twice, and what arrives is whole, whatever wires and machines do', (t) => {
  let arrived = 0
  fc.assert(
    fc.property(plan, fc.nat(), course, (wirePlan, seed, deeds) => {
      const links = play(wirePlan, seed, deeds)
      arrived += links.arrived.length
      const ids = links.arrived.map(({ id }) => id)
      const sent = new Set(links.sent.map(({ id }) => id))
      return (
        new Set(ids).size === ids.length &&
        links.arrived.every(({ id, isWhole }) => isWhole && sent.has(id))
      )
    }),
    runs,
  )
  // The property would hold of links on which nothing arrives.
  t.true(arrived > 1000)
})

test('[NW2] of each pair what arrives has the order in which it was sent', (t) => {
  fc.assert(
    fc.property(plan, fc.nat(), course, (wirePlan, seed, deeds) => {
      const last = new Map<string, number>()
      // Ids rise as they are sent, over all pairs.
      return play(wirePlan, seed, deeds).arrived.every(({ id, from, to, toIncarnation }) => {
        const pair = `${from} ${to} ${toIncarnation}`
        const inOrder = id > (last.get(pair) ?? 0)
        last.set(pair, id)
        return inOrder
      })
    }),
    runs,
  )
  t.pass()
})

test('[NW3] a message arrives at that incarnation only that was there when it was sent', (t) => {
  let restarted = 0
  fc.assert(
    fc.property(plan, fc.nat(), course, (wirePlan, seed, deeds) => {
      const links = play(wirePlan, seed, deeds)
      const sent = new Map(links.sent.map((each) => [each.id, each]))
      restarted += links.arrived.filter(({ toIncarnation }) => toIncarnation > 1).length
      return links.arrived.every(
        ({ id, toIncarnation }) => sent.get(id)!.toIncarnation === toIncarnation,
      )
    }),
    runs,
  )
  t.true(restarted > 100)
})

test('[NW3] incarnations that are reported only rise, and the last one is, once wires are whole', (t) => {
  fc.assert(
    fc.property(plan, fc.nat(), course, (wirePlan, seed, deeds) => {
      const links = play(wirePlan, seed, deeds)
      links.wires.healAll()
      links.wires.replan({})
      links.pass(100)
      const id = links.send(1, 2, 1000)
      links.pass(100)
      const reported = [1, 2, 3].flatMap((at) => [1, 2, 3].map((peer) => links.anewOf(at, peer)))
      return (
        id !== null &&
        links.arrived.some((each) => each.id === id) &&
        reported.every((numbers) => numbers.every((n, nth) => nth === 0 || n > numbers[nth - 1]!))
      )
    }),
    runs,
  )
  t.pass()
})

/** A link whose frames go nowhere, at a machine with one peer. */
function lonely(): {
  core: LinkCore
  events: PeerEvent[]
  messages: Uint8Array[]
  beatOf: (incarnation: number) => Uint8Array
} {
  const events: PeerEvent[] = []
  const messages: Uint8Array[] = []
  const listener = {
    message: (_: unknown, bytes: Uint8Array) => messages.push(bytes),
    peer: (event: PeerEvent) => events.push(event),
  }
  const carrier = { longestFrame: 4096, send: () => undefined }
  const core = new LinkCore({
    machine: asMachine(1),
    incarnation: 1,
    carrier,
    listener,
    beatMs: 100,
    silentBeats: 4,
  })
  core.meet(asMachine(2))
  const beatOf = (incarnation: number): Uint8Array => {
    let beat = new Uint8Array(0)
    const other = new LinkCore({
      machine: asMachine(2),
      incarnation,
      listener,
      carrier: {
        longestFrame: 4096,
        send: (_, frame) => (beat = frame as Uint8Array<ArrayBuffer>),
      },
    })
    other.meet(asMachine(1))
    return beat
  }
  return { core, events, messages, beatOf }
}

test('[NW4] silence is counted in one’s own beats: a stop of an hour is one', (t) => {
  const { core, events, beatOf } = lonely()
  core.turn(0)
  core.arrive(beatOf(1))
  events.length = 0

  for (const now of [100, 3_600_000, 3_600_100, 3_600_200]) core.turn(now)
  const before = [...events]
  core.turn(3_600_300)
  core.turn(3_600_400)

  t.deepEqual(before, [])
  t.deepEqual(events, [{ peer: asMachine(2), what: 'silent' }])
})

test('[NW4] a machine that was silent is reported when it is heard, and an old incarnation is no sign of life', (t) => {
  const { core, events, beatOf } = lonely()
  core.turn(0)
  core.arrive(beatOf(3))
  for (let n = 1; n <= 8; n++) core.turn(n * 100)

  core.arrive(beatOf(2))
  const afterOld = events.length
  core.arrive(beatOf(3))

  t.is(afterOld, 2)
  t.deepEqual(
    events.map(({ what }) => what),
    ['anew', 'silent', 'heard'],
  )
})

test('[NW6] no bytes make a link throw, deliver or lose its way', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(47), fc.nat(255), (noise, at, byte) => {
      const { core, events, messages, beatOf } = lonely()
      core.arrive(noise)
      const beat = beatOf(1)
      beat[at] = byte
      core.arrive(beat)
      const { incarnation } = core
      core.arrive(beatOf(Number.MAX_SAFE_INTEGER))
      return events.length > 0 && messages.length === 0 && incarnation === 1
    }),
  )
  t.pass()
})
