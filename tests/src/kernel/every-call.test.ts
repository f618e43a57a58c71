/**
 * CP: what holds of every call that the kernel serves, whoever makes it: forged and stale references, calls of others, arguments of
 * any kind. In the simulator.
 */
import {
  asCapref,
  capabilityCalls,
  containerCalls,
  inputCalls,
  locusCalls,
  managerDowncalls,
  managerRequests,
  pageSetCalls,
  readCapref,
  semaphoreCalls,
  transactionCalls,
  type AnySignature,
  type Capref,
  type Field,
  type Group,
} from '@katydid/abi'
import { unreachable, type Messenger } from '@katydid/actor'
import test from 'ava'
import {
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  double,
  integer,
  oneof,
  record,
  string,
  uint8Array,
  type Arbitrary,
} from 'fast-check'
import { KernelWorld } from './support/kernel-world.js'

const groups: readonly object[] = [
  containerCalls,
  capabilityCalls,
  inputCalls,
  locusCalls,
  semaphoreCalls,
  managerDowncalls,
  managerRequests,
  pageSetCalls,
  transactionCalls,
]
/** Not made of messages, not served to anybody here, or the end of the caller. */
const left = ['invoke', 'wait', 'notify', 'locus_lost', 'locus_begin', 'locus_end']
const calls = groups
  .flatMap((group) => Object.values(group as Group))
  .filter(({ name }) => !left.includes(name))
/** Whose calls are open to whom. */
const rolesOf = {
  host: ['host', 'user'],
  manager: ['manager', 'self-managing manager', 'user'],
  locus: ['locus', 'user'],
}
const isFor = (signature: AnySignature, role: keyof typeof rolesOf): boolean =>
  signature.by.split(', ').some((each) => rolesOf[role].includes(each))
const caprefsOf = ({ args }: AnySignature): string[] =>
  Object.entries(args)
    .filter(([, field]) => field.label === 'Capref')
    .map(([name]) => name)

interface Fixture {
  readonly world: KernelWorld
  readonly cont: Capref
  readonly sem: Capref
  /** How each kind of principal makes a call, and what it holds. */
  readonly say: Readonly<Record<'host' | 'manager' | 'locus', Say>>
  readonly held: Readonly<Record<'host' | 'manager' | 'locus', readonly Capref[]>>
}
type Say = (signature: AnySignature, args: object) => Promise<string>

async function fixture(): Promise<Fixture> {
  const world = await KernelWorld.open({ shape: { maxLoci: 4 } })
  const cont = await world.container('a')
  const locus = await world.locusWithCap(cont, 'it')
  const sem = (await world.call('semaphore_create', { initial: 1 }))['sem'] as Capref
  const derived = await world.call('cap_derive', { cap: cont, rights: 255 })
  const given = await world.call('cap_copy', { cap: cont, to: cont, rights: 255 })
  const through =
    (messenger: () => Messenger): Say =>
    async (signature, args) => {
      await Promise.resolve()
      const box = world.ask(messenger(), signature, args as never)
      world.run(50)
      return box.reply?.status ?? 'not answered'
    }
  const { boot, managed } = world.manager!
  return {
    world,
    cont,
    sem,
    say: {
      host: async (signature, args) => {
        const box: { status: string } = { status: 'not answered' }
        void world.kernel.call(signature.name, args).then((answer) => Object.assign(box, answer))
        for (let i = 0; i < 5; i++) {
          world.run(10)
          await Promise.resolve()
        }
        return box.status
      },
      manager: through(() => world.managerMessenger),
      locus: through(() => world.loci.get(locus.port)!),
    },
    held: {
      host: [cont, locus.cap, sem, derived['cap'] as Capref, derived['group'] as Capref],
      manager: [boot.self, boot.own.capability, managed.get(100)!.capability],
      locus: [given['cap'] as Capref, asCapref(0x800000ff)],
    },
  }
}

/** Everything that a refused call must leave as it is. */
async function picture({ world }: Fixture): Promise<string> {
  const { machine } = world.kernel
  const status = await world.call('world_status', {})
  const caps = await world.call('cap_list', { table: 'own' })
  const state = [
    machine.containers
      .all()
      .map(({ slot, manager, token, program }) => [slot, manager, token, program]),
    machine.semaphores.all().map(({ id, count }) => [id, count]),
    machine.groups.all(),
    machine.pageSets.all(),
    machine.changes,
  ]
  return JSON.stringify([status, caps, world.orders, state])
}

/** A value of the kind a field has: sensible often enough to get past the first check. */
function valueOf(field: Field<unknown>, capref: Arbitrary<number>): Arbitrary<unknown> {
  if (field.label === 'Capref') return capref
  switch (field.kind) {
    case 'u32':
      return oneof(constantFrom(0, 1, 2, 255), integer({ min: 0, max: 0xffffffff }))
    case 'f64':
      return oneof(constantFrom(0, 1, 4096, 65536, 2 ** 31, -1), double())
    case 'bool':
      return boolean()
    case 'word':
      return constantFrom(...field.words!)
    case 'text':
      return oneof(constantFrom('', 'a', 'first'), string({ maxLength: 8 }))
    case 'bytes':
      return uint8Array({ maxLength: 64 })
    case 'list':
      return constant([])
    case 'record':
      return record(
        Object.fromEntries(
          Object.entries(field.fields!).map(([name, each]) => [name, valueOf(each, capref)]),
        ),
      )
    case 'optional':
    case 'json':
      return constant(null)
    default:
      return unreachable(field.kind)
  }
}

const argsOf = (signature: AnySignature, capref: Arbitrary<number>): Arbitrary<object> =>
  record(
    Object.fromEntries(
      Object.entries(signature.args).map(([name, field]) => [name, valueOf(field, capref)]),
    ),
  )

test('[CP2] whoever makes a call, and in whichever place, a forged reference is invalid_capref and nothing changes', async (t) => {
  const fixed = await fixture()
  for (const role of ['host', 'manager', 'locus'] as const) {
    const real = new Set<number>(fixed.held[role])
    const forged = integer({ min: 0, max: 0xffffffff }).filter(
      (each) => !real.has(each) && readCapref(asCapref(each)).slot > 8,
    )
    for (const signature of calls) {
      const places = caprefsOf(signature)
      if (places.length === 0 || !isFor(signature, role)) continue
      const before = await picture(fixed)
      await assert(
        asyncProperty(argsOf(signature, forged), async (args) => {
          const status = await fixed.say[role](signature, args)
          return status === 'invalid_capref'
        }),
        { numRuns: 4 },
      )
      t.is(await picture(fixed), before, `${signature.name} by ${role}`)
    }
  }
})

test('[CP2] a reference that was good is stale once its slot was emptied', async (t) => {
  const fixed = await fixture()
  await fixed.say.host(capabilityCalls.capRemove, { cap: fixed.cont })
  await fixed.say.host(capabilityCalls.capRemove, { cap: fixed.sem })
  // Other things lie in those slots now.
  await fixed.say.host(semaphoreCalls.semaphoreCreate, { initial: 1 })
  await fixed.say.host(semaphoreCalls.semaphoreCreate, { initial: 1 })
  const stale = constantFrom<number>(fixed.cont, fixed.sem)

  for (const signature of calls) {
    if (caprefsOf(signature).length === 0 || !isFor(signature, 'host')) continue
    const before = await picture(fixed)
    await assert(
      asyncProperty(
        argsOf(signature, stale),
        async (args) => (await fixed.say.host(signature, args)) === 'invalid_capref',
      ),
      { numRuns: 3 },
    )
    t.is(await picture(fixed), before, signature.name)
  }
})

test('[CP14] every call answers wrong_type for a capability of another kind', async (t) => {
  const fixed = await fixture()
  const [cont, locus, sem, , group] = fixed.held.host as [Capref, Capref, Capref, Capref, Capref]
  const kinds: Readonly<Record<string, Capref>> = {
    cont,
    locus,
    sem,
    group,
    to: cont,
    source: cont,
  }
  for (const signature of calls.filter((each) => isFor(each, 'host')))
    for (const place of caprefsOf(signature)) {
      if (place === 'cap') continue
      for (const other of [cont, locus, sem, group].filter((each) => each !== kinds[place])) {
        const others = Object.fromEntries(
          caprefsOf(signature).map((name) => [name, kinds[name] ?? cont]),
        )
        const args = {
          rights: 1,
          n: 1,
          timeoutMs: 0,
          at: 0,
          sourceAt: 0,
          length: 4096,
          manager: '',
        }
        const status = await fixed.say.host(signature, { ...args, ...others, [place]: other })
        t.is(status, 'wrong_type', `${signature.name}.${place}`)
      }
    }
})

test('[CP15] a call that is not the caller’s to make is not served, and changes nothing', async (t) => {
  const fixed = await fixture()
  for (const role of ['host', 'manager', 'locus'] as const)
    for (const signature of calls) {
      if (isFor(signature, role)) continue
      const before = await picture(fixed)
      const args = {
        name: 'a',
        durable: false,
        least: 0,
        pageset: 1,
        pageCount: 1,
        frames: [],
        input: null,
        problem: null,
      }
      const some = Object.fromEntries(
        Object.keys(signature.args).map((name) => [name, name in args ? args[name as 'name'] : 0]),
      )
      const status = await fixed.say[role](signature, some)
      t.true(['bad_argument', 'bad_message'].includes(status), `${signature.name}: ${status}`)
      t.is(await picture(fixed), before)
    }
})

test('[CP15] whatever it is given, a call answers a status that it declares', async (t) => {
  const fixed = await fixture()
  for (const role of ['host', 'manager', 'locus'] as const) {
    const capref = oneof(
      constantFrom<number>(...fixed.held[role]),
      constantFrom<number>(...fixed.held.host),
      integer({ min: 0, max: 0xffffffff }),
    )
    for (const signature of calls.filter((each) => isFor(each, role))) {
      // Those that end the world's parts would leave nothing for the rest.
      if (/destroy|cap_remove|pageset_add/.test(signature.name)) continue
      const declared = ['ok', 'not answered', ...signature.errors]
      await assert(
        asyncProperty(argsOf(signature, capref), async (args) => {
          const status = await fixed.say[role](signature, args)
          return declared.includes(status)
        }),
        { numRuns: 12 },
      )
    }
  }
  t.is(fixed.world.kernel.machine.phase, 'open')
})
