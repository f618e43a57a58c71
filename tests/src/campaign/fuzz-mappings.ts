/**
 * Commands about what is mapped into what: regions mapped, unmapped and listed at random, recursively, refused when they would overlap or run in a circle,
 * with rights to write or only to read, by rights that are taken back afterwards. Loci reach whatever there is by their ordinary accesses.
 */
import { rights, type Capref } from '@katydid/abi'
import * as fc from 'fast-check'
import type { CampaignRun, Region } from './campaign-run.js'
import { containers, of, type AnyCommand } from './fuzz-command.js'
import { mapStatus, sourceOf, type ModelMapping } from './mapping-model.js'
import type { ModelContainer } from './world-model.js'

const page = 4096
const container = fc.constantFrom(...containers)
/** Most begin among the first pages, where loci are. */
const at = fc.oneof({ weight: 4, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(60) })
const allowed = fc.constantFrom<number>(rights.read, rights.read | rights.write)

const wanted = fc.record({
  to: container,
  from: container,
  at,
  length: fc.nat(8),
  sourceAt: at,
  rights: allowed,
})
const told = ({ to, from, at: where, length, sourceAt, rights: right }: Region): string =>
  `${length} pages of ${from} from ${sourceAt} in ${to} at ${where} (${right})`

/** The commands, and how often each comes. */
export const mappings: readonly [number, fc.Arbitrary<AnyCommand>][] = [
  [10, of(wanted, (drawn) => `map ${told(drawn)}`, map)],
  [1, of(fc.tuple(container, fc.nat(3)), ([name, nth]) => `unmap ${nth} of ${name}`, unmap)],
  [
    5,
    of(
      fc.tuple(fc.nat(), fc.nat(3)),
      ([which, nth]) => `unmap ${nth} of one of ${which}`,
      unmapOne,
    ),
  ],
  [2, of(container, (name) => `mappings of ${name}`, list)],
  [2, of(wanted, (drawn) => `map by a right taken back: ${told(drawn)}`, mapAndRevoke)],
  [1, of(wanted, (drawn) => `map at an odd place: ${told(drawn)}`, mapOdd)],
]

/** A container with the capability that a host has for it. */
async function found(
  { host, world }: CampaignRun,
  name: string,
): Promise<{ cap: Capref; container: ModelContainer } | null> {
  const cap = await host.find(name)
  host.ready()
  const known = world.model.containers.get(name)
  return typeof cap === 'string' || known === undefined ? null : { cap, container: known }
}

/** Maps the region, if both containers are there; the answer must be the model’s. */
export async function map(run: CampaignRun, drawn: Region): Promise<void> {
  const source = await found(run, drawn.from)
  if (source !== null) await mapBy(run, drawn, source.cap, null)
}

/** Maps by a capability of the source, bound to the group `right`, or to the master's. */
async function mapBy(
  run: CampaignRun,
  drawn: Region,
  cap: Capref,
  right: object | null,
): Promise<void> {
  const { host, world } = run
  const target = await found(run, drawn.to)
  const source = await found(run, drawn.from)
  if (target === null || source === null) return
  const { model } = world
  const region: Omit<ModelMapping, 'source'> = {
    at: drawn.at * page,
    length: drawn.length * page,
    sourceAt: drawn.sourceAt * page,
    rights: drawn.rights,
    right,
  }
  const { container: to } = target
  const expected = mapStatus(model, to, source.container, region)
  const before = to.mappings
  const isNew = expected === 'ok'
  // The kernel changes its list as it is asked and answers when every locus has taken note; a cut may come in between.
  if (isNew) to.mappings = withOneMore(before, { ...region, source: source.container.identity })
  world.mappingChanges++
  const { at: where, length, sourceAt } = region
  const args = { cont: target.cap, at: where, length, source: cap, sourceAt, rights: drawn.rights }
  const answer = await host.call('container_map', args, expected, ...gone)
  if (isNew && answer.status !== 'ok') to.mappings = before
}

/** The world went back while the capability was being asked for. */
const gone = ['entity_gone', 'invalid_capref'] as const

const withOneMore = (
  regions: readonly ModelMapping[],
  more: ModelMapping,
): readonly ModelMapping[] => {
  const isThere = regions.some((each) => each.at === more.at && each.length === more.length)
  return isThere ? regions : [...regions, more].sort((a, b) => a.at - b.at)
}

async function unmap(run: CampaignRun, [name, nth]: [string, number]): Promise<void> {
  const target = await found(run, name)
  if (target === null) return
  const { host, world } = run
  const { container: changed } = target
  const before = changed.mappings
  const mapping = before[nth]
  const where = mapping ?? { at: nth * page, length: 11 * page }
  changed.mappings = before.filter((each) => each !== mapping)
  world.mappingChanges++
  const args = { cont: target.cap, at: where.at, length: where.length }
  const expected = mapping === undefined ? 'not_mapped' : 'ok'
  const answer = await host.call('container_unmap', args, expected, ...gone)
  if (answer.status !== expected) changed.mappings = before
}

/** Of a container that has mappings. */
async function unmapOne(run: CampaignRun, [which, nth]: [number, number]): Promise<void> {
  run.host.ready()
  const mapped = [...run.world.model.containers.values()].filter((each) => each.mappings.length > 0)
  const chosen = mapped[which % Math.max(1, mapped.length)]
  if (chosen !== undefined) await unmap(run, [chosen.name, nth % chosen.mappings.length])
}

/** What is listed is what the model has: also whether the source is there, and the right to it. */
async function list(run: CampaignRun, name: string): Promise<void> {
  const target = await found(run, name)
  if (target === null) return
  const { host, world } = run
  const { model } = world
  const answer = await host.call('container_mappings', { cont: target.cap }, 'ok', ...gone)
  if (answer.status !== 'ok' || world.model !== model) return
  const listed = (answer['mappings'] as (ModelMapping & { alive: boolean })[]).map(
    (each) => `${each.at} ${each.length} ${each.sourceAt} ${each.rights} ${each.alive}`,
  )
  const known = target.container.mappings.map((each) => {
    const isThere = sourceOf(model, each) !== null
    return `${each.at} ${each.length} ${each.sourceAt} ${each.rights} ${isThere}`
  })
  if (listed.join() !== known.join())
    world.problems.push(`${name} is mapped ${listed.join()}; in the model ${known.join()}`)
}

/** A region mapped by a derived right is there until the right's group is destroyed, and refuses then. */
async function mapAndRevoke(run: CampaignRun, drawn: Region): Promise<void> {
  const { host, world } = run
  const source = await found(run, drawn.from)
  if (source === null) return
  const { model } = world
  const asked = { cap: source.cap, rights: rights.read | rights.write }
  const made = await host.call('cap_derive', asked, 'ok', ...gone, 'no_resource')
  if (made.status !== 'ok') return
  const right = {}
  const { container: from } = source
  from.grants = [...from.grants, right]
  await mapBy(run, drawn, made['cap'] as Capref, right)
  world.run(5)
  host.ready()
  const isStill = world.model === model
  // Before it is asked: a cut may come at once.
  if (isStill) from.grants = from.grants.filter((each) => each !== right)
  world.mappingChanges++
  await host.call('group_destroy', { group: made['group'] }, 'ok', ...gone)
  for (const each of ['cap', 'group'])
    await host.call('cap_remove', { cap: made[each] }, 'ok', 'invalid_capref')
}

/** Numbers that are no multiples of a page, and rights that are none. */
async function mapOdd(run: CampaignRun, drawn: Region): Promise<void> {
  const target = await found(run, drawn.to)
  const source = await found(run, drawn.from)
  if (target === null || source === null) return
  const { at: where, length, sourceAt } = drawn
  const args = { cont: target.cap, source: source.cap, rights: drawn.rights }
  const odd = { ...args, at: where * page + 8, length: length * page, sourceAt: sourceAt * page }
  await run.host.call('container_map', odd, 'misaligned', ...gone)
  const even = { ...args, at: 0, length: page, sourceAt: 0, rights: rights.write }
  await run.host.call('container_map', even, 'bad_argument', ...gone)
}
