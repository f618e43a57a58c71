/** output_print: the stamp of a line, and the limit of what is held. The locus waits for the answer, so no cut comes between it and the line. */
import {
  actorPorts,
  asInterval,
  consoleCalls,
  maxLineBytes,
  refuse,
  type Answer,
  type ArgsOf,
  type outputCalls,
} from '@katydid/abi'
import { invariant, type IncomingCall } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import { currentContainer } from '../state-interval/messages.js'
import { hurryOutput } from './hurry.js'
import { mostHeldBytes, mostHeldLines } from './output.js'

type Print = (typeof outputCalls)['outputPrint']

export function outputPrint(
  machine: Machine,
  { text, durable }: ArgsOf<Print>,
  call: IncomingCall<Print>,
): Answer<Print> {
  const locus = machine.loci.speaking(call.from, call.generation)
  const container = locus === null ? null : currentContainer(machine, locus)
  if (locus === null || locus.end !== null || container === null)
    return refuse('no_such_locus', `no locus runs on port ${call.from}`)
  invariant(!container.selfManaged, 'DV1: programs print, managers do not', {
    slot: container.slot,
  })
  const bytes = Buffer.byteLength(text)
  if (bytes > maxLineBytes)
    return refuse('too_large', `a line has at most ${maxLineBytes} bytes, not ${bytes}`)
  const line = { ...stampOf(machine, container), locus: nameOf(locus), text }
  if (durable === 'volatile') {
    show(machine, container, line)
    return { status: 'ok', sequence: 0 }
  }
  const output = machine.output.of(container)
  if (output.isFullFor(bytes))
    return refuse(
      'no_resource',
      `${output.lines.length} lines of “${container.name}” wait to be told (at most ${mostHeldLines}, and ${mostHeldBytes} bytes): the line does not move, or nobody takes what is told; come to a safepoint and try again`,
    )
  const sequence = output.add(line)
  machine.changed()
  hurryOutput(machine)
  return { status: 'ok', sequence }
}

const nameOf = ({ name, id }: Locus): string => (name === '' ? `locus ${id}` : name)

const stampOf = (machine: Machine, { slot }: Container) => ({
  interval: machine.containers.interval(slot),
  incarnation: machine.region.words.load(machine.region.containerWord(slot, 'incarnation')),
})

function show(
  machine: Machine,
  { name: container, slot, generation }: Container,
  line: { interval: number; incarnation: number; locus: string; text: string },
): void {
  const args = {
    line: {
      ...line,
      interval: asInterval(line.interval),
      container,
      slot,
      generation,
      sequence: 0,
    },
  }
  machine.messenger.call(actorPorts.console, consoleCalls.consoleShow, args, () => {})
}
