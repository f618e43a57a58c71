/**
 * Commands about who may do what: made-up capabilities to every call of the kernel that takes one, derived rights and their end,
 * semaphores, and loci held still from outside.
 */
import {
  actorPorts,
  groups,
  makeCapref,
  rights,
  type AnySignature,
  type Capref,
  type Field,
  type Status,
} from '@katydid/abi'
import { unreachable, type Random } from '@katydid/actor'
import * as fc from 'fast-check'
import type { CampaignRun } from './campaign-run.js'
import { containers, loci, of, simple, type AnyCommand } from './fuzz-command.js'

const program = { module: 'file:///campaign.js', entry: 'random', hash: 'random' }
const gone = ['entity_gone', 'invalid_capref'] as const

/** The commands, and how often each comes. */
export const authority: readonly [number, fc.Arbitrary<AnyCommand>][] = [
  [6, simple('a made-up capability', madeUp)],
  [
    3,
    of(
      fc.tuple(fc.constantFrom(...containers), fc.integer({ min: 1, max: 127 })),
      ([name, mask]) => `derive ${mask} of ${name}`,
      derived,
    ),
  ],
  [
    4,
    of(
      fc.record({
        deed: fc.constantFrom('create', 'p', 'v', 'destroy'),
        nth: fc.nat(),
        by: fc.nat(3),
      }),
      ({ deed, nth, by }) => `semaphore ${deed} ${nth} by ${by}`,
      semaphore,
    ),
  ],
  [3, of(fc.constantFrom(...loci), (name) => `suspend and resume ${name}`, suspend)],
  [2, of(fc.constantFrom(...loci), (name) => `resume ${name}`, resume)],
  [3, of(fc.constantFrom(...loci), (name) => `destroy ${name} at rest`, destroyAtRest)],
]

const served = [
  'Manager downcalls',
  'Manager requests',
  'Containers',
  'Loci',
  'Capabilities',
  'Semaphores',
] as const

/** Calls of the kernel that take a capability and come by message. */
const withCapability: readonly AnySignature[] = served.flatMap((name) =>
  Object.values(groups[name]!).filter(
    ({ args, kind }) =>
      kind !== 'local' && Object.values(args).some((field) => field.label === 'Capref'),
  ),
)

/** A call whose capability names nothing: refused with a status that it declares, and nothing changes. */
async function madeUp(run: CampaignRun): Promise<void> {
  const { host, random, world } = run
  host.ready()
  const signature = withCapability[random.below(withCapability.length)]!
  const args = Object.fromEntries(
    Object.entries(signature.args).map(([name, field]) => [name, anything(random, field)]),
  )
  const declared = signature.errors.filter((each) => each !== 'ok')
  if (/\b(host|user)\b/.test(signature.by)) await host.call(signature.name, args, ...declared)
  else if (world.managerMessenger !== null) {
    const { managerMessenger } = world
    world.operations++
    const status = await world.settle(
      new Promise<Status>((resolve) => {
        managerMessenger.call(actorPorts.kernel, signature, args, (reply) => resolve(reply.status))
      }),
    )
    const fate: readonly Status[] = ['actor_gone', 'timed_out', 'bad_message']
    if (![...declared, ...fate].includes(status))
      world.problems.push(`${signature.name} with a made-up capability: ${status}`)
  }
  await host.compareStatus()
}

/** Something of the field's kind; a capability is never one that was given. */
function anything(random: Random, field: Field<unknown>): unknown {
  const one = <T>(values: readonly T[]): T => values[random.below(values.length)]!
  if (field.label === 'Capref') {
    const table = one(['own', 'host_container'] as const)
    return makeCapref(table, random.below(256), 1000 + random.below(500_000))
  }
  switch (field.kind) {
    case 'u32':
      return one([0, 1, 7, 255, 4_000_000_000])
    case 'f64':
      return one([0, 1, 4096, 1.5, -4096, 2 ** 48, 2 ** 53])
    case 'bool':
      return random.chance(0.5)
    case 'word':
      return one(field.words!)
    case 'text':
      return one(['', 'a', 'nobody', 'x'.repeat(200)])
    case 'bytes':
      return new Uint8Array(random.below(100))
    case 'list':
      return []
    case 'record':
      return Object.fromEntries(
        Object.entries(field.fields!).map(([name, inside]) => [name, anything(random, inside)]),
      )
    case 'optional':
    case 'json':
      return null
    default:
      return unreachable(field.kind)
  }
}

/** A capability with fewer rights does what they allow, and nothing once its group is destroyed. */
async function derived(
  { host, world }: CampaignRun,
  [name, mask]: [string, number],
): Promise<void> {
  const cont = await host.find(name)
  if (typeof cont === 'string') return
  host.ready()
  const { model } = world
  const made = await host.call(
    'cap_derive',
    { cap: cont, rights: mask },
    'ok',
    ...gone,
    'no_resource',
  )
  if (made.status !== 'ok') return
  const cap = made['cap'] as Capref
  const has = (right: keyof typeof rights): boolean => (mask & rights[right]) !== 0
  const steps: [string, object, string][] = [
    ['get_invocation_point', { cont: cap }, has('invoke') ? 'ok' : 'right_missing'],
  ]
  if (!has('write')) steps.push(['set_invocation_point', { cont: cap, program }, 'right_missing'])
  if (!has('destroy')) steps.push(['container_destroy', { cont: cap }, 'right_missing'])
  if (!has('copy')) steps.push(['cap_derive', { cap, rights: 1 }, 'right_missing'])
  steps.push(['group_destroy', { group: made['group'] }, 'ok'])
  steps.push(['get_invocation_point', { cont: cap }, 'gone'])
  for (const [call, args, expected] of steps) {
    if (world.model !== model) return
    await host.call(call, args, ...(expected === 'gone' ? gone : [expected, ...gone]))
  }
  for (const each of [cap, made['group']])
    await host.call('cap_remove', { cap: each }, 'ok', 'invalid_capref')
}

async function semaphore(
  run: CampaignRun,
  { deed, nth, by }: { deed: string; nth: number; by: number },
): Promise<void> {
  const { host, world, semaphores } = run
  host.ready()
  if (deed === 'create') {
    if (semaphores.size > 40) return
    const made = await host.call('semaphore_create', { initial: by }, 'ok', 'no_resource')
    if (made.status !== 'ok') return
    semaphores.add(made['sem'] as number)
    const { id } = world.kernel.machine.semaphores.all().at(-1)!
    world.model.semaphores.set(made['sem'] as number, { id, count: by })
    return
  }
  const sem = Array.from(semaphores)[nth % Math.max(1, semaphores.size)]
  if (sem === undefined) return
  const { model } = world
  const known = model.semaphores.get(sem)
  const count = known?.count
  if (deed === 'p') {
    const expected = count === undefined ? gone : count > 0 ? ['ok'] : ['timed_out', 'frozen']
    const { status } = await host.call('semaphore_p', { sem, timeoutMs: 0 }, ...expected)
    if (status === 'ok' && known !== undefined)
      model.semaphores.set(sem, { id: known.id, count: known.count - 1 })
  } else if (deed === 'v') {
    const expected = count === undefined ? gone : ['ok']
    const { status } = await host.call('semaphore_v', { sem, n: 1 + by }, ...expected)
    if (status === 'ok' && known !== undefined)
      model.semaphores.set(sem, { id: known.id, count: known.count + 1 + by })
  } else {
    const { status } = await host.call(
      'semaphore_destroy',
      { sem },
      ...(count === undefined ? gone : ['ok']),
    )
    if (status === 'ok') model.semaphores.delete(sem)
  }
}

/** The capability of a locus that the model says lives; null otherwise. */
async function living({ host, world }: CampaignRun, name: string): Promise<Capref | null> {
  host.ready()
  if (world.model.loci.get(name)?.end !== null) return null
  const found = await host.call('locus_find', { name }, 'ok', 'no_such_locus')
  return found.status === 'ok' && found['ended'] === false ? (found['cap'] as Capref) : null
}

/** A locus that was held still and has come to rest does nothing until it is let go. */
async function suspend(run: CampaignRun, name: string): Promise<void> {
  const { host, world } = run
  const locus = await living(run, name)
  if (locus === null) return
  const { model } = world
  const { atRest } = await host.call('locus_suspend', { locus }, 'ok', ...gone)
  if (atRest === true && world.model === model) {
    const before = model.loci.get(name)!.registers.join()
    world.run(20)
    if (world.model === model && model.loci.get(name)?.registers.join() !== before)
      world.problems.push(`${name} was suspended and at rest, and went on`)
  }
  host.ready()
  await host.call('locus_resume', { locus }, 'ok', ...gone)
}

async function resume(run: CampaignRun, name: string): Promise<void> {
  const locus = await living(run, name)
  if (locus !== null) await run.host.call('locus_resume', { locus }, 'ok', ...gone)
}

/** A locus at rest is destroyed without anything else being lost. */
async function destroyAtRest(run: CampaignRun, name: string): Promise<void> {
  const { host, world } = run
  const locus = await living(run, name)
  if (locus === null) return
  const { model } = world
  const { atRest } = await host.call('locus_suspend', { locus }, 'ok', ...gone)
  const deed = atRest === true && world.model === model ? 'locus_destroy' : 'locus_resume'
  const { status } = await host.call(deed, { locus }, 'ok', ...gone)
  if (status !== 'ok' || deed !== 'locus_destroy' || world.model !== model) return
  world.destroyedAtRest.add(name)
  model.loci.delete(name)
}
