/** container_map, container_unmap and container_mappings: regions of containers shown in others. */
import {
  refuse,
  type Answer,
  type ArgsOf,
  type containerCalls,
  type PortId,
  type Refusal,
} from '@katydid/abi'
import { invariant, later, run, type IncomingCall } from '@katydid/actor'
import { resolveContainer } from '../capability/resolve.js'
import type { Machine } from '../machine.js'
import type { Container } from './container.js'
import { tellMappingChange, untilNoted, type Raised } from './mapping-change.js'
import { isSameMapping, mappingRights, overlapping, withMapping, type Mapping } from './mapping.js'
import { reachableFrom, sourceOf } from './supplier.js'

type Calls = typeof containerCalls
type Map = Calls['containerMap']
type Unmap = Calls['containerUnmap']

/** container_map: answered when every locus has taken note. */
export function containerMap(
  machine: Machine,
  args: ArgsOf<Map>,
  call: IncomingCall<Map>,
): Answer<Map> | typeof later {
  const found = resolveContainer(machine, call.from, args.cont, 'write')
  if (found.status !== 'ok') return found
  const wanted = mappingRights & args.rights
  const given = resolveContainer(machine, call.from, args.source, 'read')
  if (given.status !== 'ok') return given
  const { container } = found
  const source = given.container
  const refusal =
    rangeProblem(machine, container, source, args) ??
    rightsProblem(args.rights, given.capability.rights)
  if (refusal !== null) return refusal
  const { at, length, sourceAt } = args
  const { slot, generation } = source
  const { group } = given.capability
  const mapping = { at, length, source: slot, generation, sourceAt, rights: wanted, group }
  const there = overlapping(container.mappings, at, length)
  if (there.length === 1 && isSameMapping(there[0]!, mapping)) return { status: 'ok' }
  if (there.length > 0)
    return refuse(
      'already_mapped',
      `[${there[0]!.at}, ${there[0]!.at + there[0]!.length}) of “${container.name}” is mapped already`,
    )
  if (reachableFrom(machine, source).has(container))
    return refuse(
      'mapping_cycle',
      `“${source.name}” is supplied by “${container.name}”, so it cannot be mapped into it`,
    )
  container.mappings = withMapping(container.mappings, mapping)
  machine.changed()
  // Until now the container itself supplied the range.
  answerWhenNoted(machine, tellMappingChange(machine, container, [container]), call)
  return later
}

/** container_unmap: answered when no access goes through the mapping any more. */
export function containerUnmap(
  machine: Machine,
  { cont, at, length }: ArgsOf<Unmap>,
  call: IncomingCall<Unmap>,
): Answer<Unmap> | typeof later {
  const found = resolveContainer(machine, call.from, cont, 'write')
  if (found.status !== 'ok') return found
  const { container } = found
  const mapping = container.mappings.find((each) => each.at === at && each.length === length)
  if (mapping === undefined)
    return refuse('not_mapped', `nothing is mapped into [${at}, ${at + length}) as a whole`)
  const source = sourceOf(machine, mapping)
  const suppliers = source === null ? [] : reachableFrom(machine, source)
  container.mappings = container.mappings.filter((each) => each !== mapping)
  machine.changed()
  invariant(
    container.mappings.every((each) => each.at !== at),
    'CO7: a mapping ends once',
    { at },
  )
  answerWhenNoted(machine, tellMappingChange(machine, container, [container, ...suppliers]), call)
  return later
}

/** container_mappings. */
export function containerMappings(
  machine: Machine,
  from: PortId,
  { cont }: ArgsOf<Calls['containerMappings']>,
): Answer<Calls['containerMappings']> {
  const found = resolveContainer(machine, from, cont, 'read')
  if (found.status !== 'ok') return found
  const mappings = found.container.mappings.map((each) => toldOf(machine, each))
  return { status: 'ok', mappings }
}

function toldOf(machine: Machine, mapping: Mapping) {
  const { at, length, sourceAt, rights } = mapping
  const source = sourceOf(machine, mapping)
  return { at, length, source: source?.name ?? '', sourceAt, rights, alive: source !== null }
}

function answerWhenNoted(
  machine: Machine,
  raised: Raised,
  call: IncomingCall<Map> | IncomingCall<Unmap>,
): void {
  run(machine.messenger, untilNoted(machine, raised), (noted) =>
    call.reply(
      noted
        ? { status: 'ok' }
        : refuse('timed_out', 'it is done, but a locus has not taken note of it within 5 s'),
    ),
  )
}

function rangeProblem(
  machine: Machine,
  container: Container,
  source: Container,
  { at, length, sourceAt }: { at: number; length: number; sourceAt: number },
): Refusal<'misaligned' | 'out_of_window' | 'bad_argument'> | null {
  const { pageBytes } = machine.region.plan.shape
  if (container.selfManaged || source.selfManaged)
    return refuse('bad_argument', 'the container a manager lives in takes no part in mappings')
  for (const [name, number] of Object.entries({ at, length, sourceAt }))
    if (!Number.isSafeInteger(number) || number % pageBytes !== 0)
      return refuse('misaligned', `${name} is a multiple of ${pageBytes}, not ${number}`)
  if (length <= 0) return refuse('bad_argument', `a mapping is a page or longer, not ${length}`)
  if (at < 0 || at + length > container.size)
    return refuse('out_of_window', `[${at}, ${at + length}) leaves “${container.name}”`)
  if (sourceAt < 0 || sourceAt + length > source.size)
    return refuse('out_of_window', `[${sourceAt}, ${sourceAt + length}) leaves “${source.name}”`)
  return null
}

/** What is asked must be read, or read and write, and in the capability. */
function rightsProblem(
  asked: number,
  held: number,
): Refusal<'bad_argument' | 'right_missing'> | null {
  if ((asked & ~mappingRights) !== 0 || (asked & 1) === 0)
    return refuse('bad_argument', `rights are read (1) or read and write (3), not ${asked}`)
  return (asked & ~held) === 0
    ? null
    : refuse('right_missing', 'the capability to the source does not have the right “write”')
}
