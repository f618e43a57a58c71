/**
 * Semaphores, permission groups and suspended loci against a simple model, over captures, rollbacks and restarts at any moment. The calls
 * are those of a locus, whose table is captured with the world.
 */
import {
  capabilityCalls,
  containerCalls,
  locusCalls,
  rights,
  semaphoreCalls,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type PortId,
  type Reply,
} from '@katydid/abi'
import test from 'ava'
import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check'
import { KernelWorld } from './support/kernel-world.js'

interface Group {
  /** What it was derived from; -1: the container's own capability. */
  readonly parent: number
  readonly cap: Capref
  readonly handle: Capref
  dead: boolean
}

interface Model {
  readonly semaphores: { readonly cap: Capref; count: number }[]
  readonly groups: Group[]
  suspended: boolean
}

const step = record({
  what: constantFrom(
    'create',
    'take',
    'add',
    'derive',
    'destroy',
    'suspend',
    'resume',
    'capture',
    'rollback',
    'restart',
  ),
  at: integer({ min: 0, max: 9 }),
  n: integer({ min: 1, max: 3 }),
})

class Run {
  world!: KernelWorld
  cont!: Capref
  worker!: PortId
  subject!: PortId
  subjectCap!: Capref
  given!: Capref
  now: Model = { semaphores: [], groups: [], suspended: false }
  line: Model = structuredClone(this.now)

  async begin(): Promise<void> {
    this.world = await KernelWorld.open()
    this.cont = await this.world.container('a')
    const given = await this.world.call('cap_copy', { cap: this.cont, to: this.cont, rights: 255 })
    this.given = given['cap'] as Capref
    this.worker = await this.world.locus(this.cont, 'worker')
    const made = this.say(locusCalls.locusCreate, {
      cont: this.given,
      block: new Uint8Array(0),
      name: 'subject',
    })
    if (made.status !== 'ok') throw new Error(made.detail)
    this.subjectCap = made.cap
    this.world.run(20)
    this.subject = [...this.world.loci.keys()].find((each) => each !== this.worker)!
    await this.capture()
  }

  say<S extends AnySignature>(signature: S, args: ArgsOf<S>): Reply<S> {
    return this.world.said(this.world.loci.get(this.worker)!, signature, args)
  }

  async capture(): Promise<void> {
    for (const port of [this.worker, this.subject]) this.world.setState(port, 'resting')
    const taken = await this.world.call('world_snapshot', { durable: true })
    if (taken.status !== 'ok') throw new Error(taken.detail)
    this.world.setState(this.worker, 'running')
    this.line = structuredClone(this.now)
  }

  rollback(): void {
    this.world.die(this.worker)
    this.world.run(betweenLossesMs)
    this.now = structuredClone(this.line)
  }

  async restart(): Promise<void> {
    this.world = await KernelWorld.open({ earlier: this.world })
    this.now = structuredClone(this.line)
  }

  create(initial: number): void {
    const made = this.say(semaphoreCalls.semaphoreCreate, { initial })
    if (made.status !== 'ok') throw new Error(made.detail)
    this.now.semaphores.push({ cap: made.sem, count: initial })
  }

  derive(parent: number): void {
    const cap = parent < 0 ? this.given : this.now.groups[parent]!.cap
    const made = this.say(capabilityCalls.capDerive, { cap, rights: rights.invoke | rights.copy })
    const expected = parent >= 0 && this.now.groups[parent]!.dead ? 'entity_gone' : 'ok'
    if (made.status !== expected) throw new Error(`derived: ${made.status}, not ${expected}`)
    if (made.status === 'ok')
      this.now.groups.push({ parent, cap: made.cap, handle: made.group, dead: false })
  }

  destroy(index: number): void {
    const group = this.now.groups[index]!
    const answer = this.say(capabilityCalls.groupDestroy, { group: group.handle })
    const expected = group.dead ? 'entity_gone' : 'ok'
    if (answer.status !== expected) throw new Error(`destroyed: ${answer.status}, not ${expected}`)
    group.dead = true
    for (const each of this.now.groups)
      if (each.parent >= 0 && this.now.groups[each.parent]!.dead) each.dead = true
  }

  /** Everything that can be seen is what the model says. */
  check(): void {
    for (const [index, { cap, dead }] of this.now.groups.entries()) {
      const { status } = this.say(containerCalls.getInvocationPoint, { cont: cap })
      if (status !== (dead ? 'entity_gone' : 'ok')) throw new Error(`group ${index}: ${status}`)
    }
    const counts = this.world.kernel.machine.semaphores.all().map(({ count }) => count)
    const expected = this.now.semaphores.map(({ count }) => count)
    if (counts.join(' ') !== expected.join(' '))
      throw new Error(`counts ${counts.join(' ')}, not ${expected.join(' ')}`)
    if (this.world.word(this.subject, 'suspended') !== (this.now.suspended ? 1 : 0))
      throw new Error('suspended otherwise')
  }

  async do(what: string, at: number, n: number): Promise<void> {
    const { semaphores, groups } = this.now
    const semaphore = semaphores[at % Math.max(1, semaphores.length)]
    if (what === 'create' && semaphores.length < 6) this.create(n - 1)
    if (what === 'take' && semaphore !== undefined) {
      const { status } = this.say(semaphoreCalls.semaphoreP, { sem: semaphore.cap, timeoutMs: 0 })
      if (status !== (semaphore.count > 0 ? 'ok' : 'timed_out')) throw new Error(`took: ${status}`)
      if (status === 'ok') semaphore.count--
    }
    if (what === 'add' && semaphore !== undefined) {
      this.say(semaphoreCalls.semaphoreV, { sem: semaphore.cap, n })
      semaphore.count += n
    }
    if (what === 'derive' && groups.length < 12) this.derive((at % (groups.length + 1)) - 1)
    if (what === 'destroy' && groups.length > 0) this.destroy(at % groups.length)
    if (what === 'suspend' || what === 'resume') {
      const signature = what === 'suspend' ? locusCalls.locusSuspend : locusCalls.locusResume
      const { status } = this.say(signature as typeof locusCalls.locusSuspend, {
        locus: this.subjectCap,
      })
      if (status !== 'ok') throw new Error(`${what}: ${status}`)
      this.now.suspended = what === 'suspend'
    }
    if (what === 'capture') await this.capture()
    if (what === 'rollback') this.rollback()
    if (what === 'restart') await this.restart()
  }
}

/** A locus whose thread is lost six times within a minute is ended. */
const betweenLossesMs = 13_000
const sixRollbacks = (
  [
    ...(['rollback', 'rollback', 'rollback', 'rollback', 'create', 'create', 'derive'] as const),
    ...(['capture', 'rollback', 'create', 'rollback'] as const),
  ] as const
).map((what) => ({ what, at: 0, n: 1 }))

test('[LO77] [CP12] over any captures, rollbacks and restarts, counts, groups and suspensions are those of the model', async (t) => {
  await t.notThrowsAsync(
    assert(
      asyncProperty(array(step, { minLength: 8, maxLength: 30 }), async (steps) => {
        const run = new Run()
        await run.begin()
        for (const { what, at, n } of steps) {
          await run.do(what, at, n)
          run.check()
        }
      }),
      { numRuns: 25, seed: 2026, examples: [[sixRollbacks]] },
    ),
  )
})
