/**
 * Shapes that break engines, each made of real sends, receipts, captures and reports: rings of needs, chains, combs.
 *
 * A pattern works on any number of units of three or more; it wraps around. What it leaves open others may report.
 */
import type { History, Message } from './history.js'

export type Pattern = (history: History, size: number) => void

/** A message is sent and received at once. */
function tell(history: History, from: number, to: number): void {
  history.receive(history.send(from, to))
}

function capture(history: History, unit: number): void {
  history.tick()
  history.capture(unit)
}

/** Everything that the unit has open is reported. */
function report(history: History, unit: number): void {
  for (const interval of history.openPoints(unit)) history.stable(unit, interval)
}

function captureAndReport(history: History, unit: number): void {
  capture(history, unit)
  report(history, unit)
}

/** A cycle of Netzer and Xu through three units: the first one's snapshot can be in no line, and no vector of causes shows it. */
function zCycle(history: History): void {
  const late = history.send(2, 0)
  history.receive(late)
  captureAndReport(history, 0)
  const first = history.send(0, 1)
  const second = history.send(1, 2)
  history.receive(first)
  captureAndReport(history, 1)
  history.receive(second)
  captureAndReport(history, 2)
}

/** Two units whose snapshots each fall between a receipt and the send that the other's next one holds: all fall with the last. */
function domino(history: History, size: number): void {
  for (let round = 0; round < size; round++) {
    tell(history, 1, 0)
    captureAndReport(history, 0)
    tell(history, 0, 1)
    captureAndReport(history, 1)
  }
}

/** Each unit received from the next; the last one reports last, and all enter together. */
function chain(history: History, size: number): void {
  const units = Math.min(size, history.unitCount)
  for (let unit = 0; unit + 1 < units; unit++) {
    tell(history, unit + 1, unit)
    captureAndReport(history, unit)
  }
  captureAndReport(history, units - 1)
}

/** A chain whose last unit received from the first: one component of all. */
function ring(history: History, size: number): void {
  const units = Math.min(size, history.unitCount)
  const back = history.send(0, units - 1)
  for (let unit = 0; unit + 1 < units; unit++) {
    tell(history, unit + 1, unit)
    captureAndReport(history, unit)
  }
  history.receive(back)
  captureAndReport(history, units - 1)
}

/** All tell one; its snapshot waits for all of theirs. */
function fanIn(history: History, size: number): void {
  const units = Math.min(size, history.unitCount)
  for (let unit = 1; unit < units; unit++) tell(history, unit, 0)
  captureAndReport(history, 0)
  for (let unit = 1; unit < units; unit++) captureAndReport(history, unit)
}

/** One tells each of the others in an interval of its own; theirs are reported first, out of that order, and wait for its points. */
function fanOut(history: History, size: number): void {
  const units = Math.min(size, history.unitCount)
  for (let unit = 1; unit < units; unit++) {
    tell(history, 0, unit)
    capture(history, 0)
  }
  for (let turn = 1; turn < units; turn++) {
    const unit = 1 + ((turn * 7) % (units - 1))
    captureAndReport(history, unit)
  }
  report(history, 0)
}

/**
 * A blocked chain, and teeth that each need its far end while somebody waits for them already: whoever walks to the chain's
 * root for each tooth walks the whole chain.
 */
function comb(history: History, size: number): void {
  const units = Math.min(size, history.unitCount)
  const spine = Math.max(1, Math.floor(units / 3))
  const probes = sendAhead(history, 0, everySecond(spine + 1, units))
  for (let unit = 0; unit < spine; unit++) {
    tell(history, unit + 1, unit)
    captureAndReport(history, unit)
  }
  for (const each of probes) probe(history, each)
  captureAndReport(history, spine)
}

/**
 * A chain that opens from its end: each unit also waits for a gate of its own, so that the blocked end moves along the chain,
 * while teeth look for the root from the far end.
 */
function unzip(history: History, size: number): void {
  const units = Math.min(size, history.unitCount)
  const spine = Math.max(1, Math.floor(units / 4))
  const gate = (unit: number) => spine + unit
  const probes = sendAhead(history, 0, everySecond(2 * spine, units))
  for (let unit = 0; unit < spine; unit++) {
    if (unit + 1 < spine) tell(history, unit + 1, unit)
    tell(history, gate(unit), unit)
    captureAndReport(history, unit)
  }
  for (let unit = spine - 1; unit >= 0; unit--) {
    const next = probes.pop()
    if (next !== undefined) probe(history, next)
    captureAndReport(history, gate(unit))
  }
}

/** Units that have a neighbour to wait for them. */
function everySecond(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, (end - first) >> 1) }, (_, nth) => first + 2 * nth)
}

function sendAhead(history: History, from: number, receivers: readonly number[]): Message[] {
  return receivers.map((to) => history.send(from, to))
}

/** The tooth's neighbour waits for it, and it needs what the message says: it is looked for from a root that has something under it. */
function probe(history: History, message: Message): void {
  const tooth = message.to
  history.receive(message)
  tell(history, tooth, tooth + 1)
  captureAndReport(history, tooth + 1)
  captureAndReport(history, tooth)
}

export const patterns = {
  zCycle,
  domino,
  chain,
  ring,
  fanIn,
  fanOut,
  comb,
  unzip,
} as const satisfies Record<string, Pattern>

export type PatternName = keyof typeof patterns

export const patternNames = Object.keys(patterns) as PatternName[]
