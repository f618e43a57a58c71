/** Trace rings: what is kept, what a reader sees, what the exporter makes of it. */
import { actorPorts, traceEvents } from '@katydid/abi'
import { chromeTrace, readTrace, TraceRing } from '@katydid/actor'
import test from 'ava'
import { smallRegion } from './actors.js'

test('[AC17] a ring keeps its newest events, in order, with their facts', (t) => {
  const region = smallRegion()
  let now = 0
  const ring = new TraceRing(region, actorPorts.kernel, () => (now += 10))
  for (let n = 0; n < traceEvents * 2 + 7; n++) ring.event('fault', n, -n, n)

  const events = readTrace(region, actorPorts.kernel)

  const last = traceEvents * 2 + 6
  t.is(events.length, traceEvents - 1)
  t.deepEqual(events.at(-1), { timeUs: now, kind: 'fault', durationUs: last, a: last, b: -last })
  t.true(events.every(({ a }, index) => a === last - events.length + 1 + index))
})

test('[AC17] a new incarnation goes on in the ring of the last', (t) => {
  const region = smallRegion()
  new TraceRing(region, actorPorts.kernel).event('actor_started', 1)
  new TraceRing(region, actorPorts.kernel).event('actor_started', 2)

  const events = readTrace(region, actorPorts.kernel)

  t.deepEqual(
    events.map(({ kind, a }) => [kind, a]),
    [
      ['actor_started', 1],
      ['actor_started', 2],
    ],
  )
})

test('[AC17] the Chrome form has a named row a port, spans where they began, and no empty rows', (t) => {
  const region = smallRegion()
  let now = 1000
  const ring = new TraceRing(region, actorPorts.disk, () => now)
  ring.event('barrier', 1, 2, 300)
  now = 1500
  ring.event('mark', 3)

  const trace = chromeTrace(region, new Map([[actorPorts.disk, 'disk driver']]))

  t.deepEqual(JSON.parse(JSON.stringify(trace)), {
    displayTimeUnit: 'ms',
    traceEvents: [
      { name: 'thread_name', ph: 'M', ts: 0, pid: 1, tid: 1, args: { name: 'disk driver' } },
      { name: 'barrier', pid: 1, tid: 1, args: { a: 1, b: 2 }, ph: 'X', ts: 700, dur: 300 },
      { name: 'mark', pid: 1, tid: 1, args: { a: 3, b: 0 }, ph: 'i', ts: 1500, s: 't' },
    ],
  })
})
