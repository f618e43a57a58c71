/** DV: output is held until it is recoverable, told once, and goes back with its container. Real kernel and console, simulated threads. */
import {
  locusCalls,
  locusPort,
  outputCalls,
  type Capref,
  type PortId,
  type Reply,
} from '@katydid/abi'
import test from 'ava'
import { KernelWorld, type WorldOptions } from '../kernel/support/kernel-world.js'

type Printed = Reply<(typeof outputCalls)['outputPrint']>

class Printer {
  readonly world: KernelWorld
  readonly cont: Capref
  port: PortId
  readonly #locus: string
  #done = 0n

  private constructor(world: KernelWorld, cont: Capref, port: PortId, locus: string) {
    this.world = world
    this.cont = cont
    this.port = port
    this.#locus = locus
  }

  static async open(options: WorldOptions = {}, name = 'shop'): Promise<Printer> {
    return Printer.in(await KernelWorld.open(options), name)
  }

  /** A container with a locus that runs, and is on the line. */
  static async in(world: KernelWorld, name: string): Promise<Printer> {
    const cont = await world.container(name)
    const printer = new Printer(world, cont, await world.locus(cont, `in ${name}`), `in ${name}`)
    printer.rests()
    await world.call('world_snapshot', { durable: true })
    printer.works()
    return printer
  }

  /** The one that is there, as a world has it that went back or began anew. */
  static of(world: KernelWorld, name: string): Printer {
    const { machine } = world.kernel
    const { slot } = machine.loci.threads().find((each) => each.name === `in ${name}`)!
    return new Printer(world, 0 as Capref, locusPort(slot!), `in ${name}`)
  }

  works(): void {
    const { region } = this.world.sim
    this.world.setState(this.port, 'running')
    this.world.setRegister(this.port, 0, ++this.#done)
    region.words.store(region.containerWord(this.slot, 'ran'), 1)
  }

  rests(): void {
    this.world.setState(this.port, 'resting')
  }

  get slot() {
    const { machine } = this.world.kernel
    const { container } = machine.loci.threads().find(({ name }) => name === this.#locus)!
    return machine.containers.at(container)!.slot
  }

  print(text: string, durable: 'recoverable' | 'volatile' = 'recoverable'): Printed {
    const messenger = this.world.loci.get(this.port)!
    const box = this.world.ask(messenger, outputCalls.outputPrint, { text, durable })
    this.world.run(1)
    if (box.reply === null) throw new Error('print was not answered')
    return box.reply
  }
}

const textsOf = ({ output }: KernelWorld): string[] => output.map(({ text }) => text)

/** What a world that comes after a kill at this moment has told, once it has run for a while. */
async function after(world: KernelWorld): Promise<KernelWorld> {
  const next = await KernelWorld.open({ earlier: world })
  next.run(500)
  return next
}

test('[DV2] a line is told when the line has the interval in which it was printed, with its stamp, and not before', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  const interval = world.kernel.machine.containers.interval(shop.slot)

  const first = shop.print('one')
  shop.print('two')
  world.run(1500)
  const early = textsOf(world)
  shop.rests()
  world.run(1500)

  t.deepEqual(first, { status: 'ok', sequence: 1 })
  t.deepEqual(early, [])
  t.deepEqual(
    world.output.map(({ text, container, interval: of, sequence, locus }) => [
      text,
      container,
      of,
      sequence,
      locus,
    ]),
    [
      ['one', 'shop', interval, 1, 'in shop'],
      ['two', 'shop', interval, 2, 'in shop'],
    ],
  )
})

test('[DV2] lines of a container come in their order, and none waits for another container', async (t) => {
  const shop = await Printer.open({}, 'shop')
  const { world } = shop
  const stock = await Printer.in(world, 'stock')
  shop.works()

  shop.print('shop 1')
  stock.print('stock 1')
  stock.print('stock 2')
  stock.rests()
  world.run(4000)
  const told = textsOf(world)
  shop.print('shop 2')
  shop.rests()
  world.run(4000)

  t.deepEqual(told, ['stock 1', 'stock 2'])
  t.deepEqual(textsOf(world), ['stock 1', 'stock 2', 'shop 1', 'shop 2'])
})

test('[DV2] a container that goes back takes the lines with it that were not released, and their numbers are given again', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  shop.print('kept')
  shop.rests()
  world.run(1000)
  shop.works()
  shop.print('lost')

  world.die(shop.port)
  world.run(1000)
  shop.port = [...world.loci.keys()].at(-1)!
  shop.works()
  const again = shop.print('instead')
  shop.rests()
  world.run(1000)

  t.is(world.of('rollback').length, 1)
  t.deepEqual(textsOf(world), ['kept', 'instead'])
  t.deepEqual(again, { status: 'ok', sequence: 2 })
})

test('[DV3] what was told is not told again after a crash, and what was not goes with the kill', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  shop.print('told')
  shop.rests()
  world.run(1000)
  shop.works()
  shop.print('not recoverable')

  const next = await after(world)
  const last = await after(next)

  t.deepEqual(textsOf(world), ['told'])
  t.deepEqual(textsOf(next), [])
  t.deepEqual(textsOf(last), [])
})

test('[DV3] a line that is on the line and was not told before a crash is told at the next opening, with its number', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  world.takesOutput = false
  shop.print('one')
  shop.print('two')
  shop.rests()
  world.run(1000)

  const next = await after(world)
  const last = await after(next)

  t.deepEqual(textsOf(world), ['one', 'two'])
  t.deepEqual(
    next.output.map(({ text, sequence }) => [text, sequence]),
    [
      ['one', 1],
      ['two', 2],
    ],
  )
  t.deepEqual(textsOf(last), [])
})

test('[DV3] killed at any moment, a world tells every line that is on its line at least once, in order, and twice at most where it was killed before it had noted it', async (t) => {
  for (let afterMs = 0; afterMs < 60; afterMs += 1.5) {
    const shop = await Printer.open({ seed: 7 + afterMs })
    const { world } = shop
    shop.print('a')
    shop.print('b')
    shop.rests()
    world.run(afterMs)

    const next = await after(world)
    const [before, later] = [world, next].map((each) => each.output.map(({ sequence }) => sequence))
    const isOnLine = next.kernel.machine.containers.named('shop')!.intervals.history.base!.interval
    const last = await after(next)

    t.deepEqual(before, before!.length === 0 ? [] : [1, 2])
    if (before!.length > 0) t.true(isOnLine > 0)
    t.true(later!.length === 0 || JSON.stringify(later) === '[1,2]', JSON.stringify(later))
    t.deepEqual(textsOf(last), [])
  }
})

test('[DV3] what was told is known however far the log was trimmed', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  shop.print('told')
  shop.rests()
  world.run(1000)
  const other = await Printer.in(world, 'other')
  for (let i = 0; i < 90; i++) {
    other.works()
    other.rests()
    await world.call('world_snapshot', { durable: true })
  }

  const next = await after(world)

  t.deepEqual(textsOf(world), ['told'])
  t.deepEqual(textsOf(next), [])
})

test('[DV4] a volatile line is told at once, with the number 0, and again when the program goes back over it', async (t) => {
  const shop = await Printer.open()
  const { world } = shop

  const printed = shop.print('now', 'volatile')
  world.run(20)

  t.deepEqual(printed, { status: 'ok', sequence: 0 })
  t.deepEqual(
    world.output.map(({ text, sequence }) => [text, sequence]),
    [['now', 0]],
  )
  t.is(world.of('captured').length, 2 - 1)
})

test('[DV5] of a container a thousand lines are held, or 256 KiB; more is refused and changes nothing, until some were told', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  const long = 'x'.repeat(16 * 1024)

  for (let i = 0; i < 16; i++) shop.print(long)
  const refused = shop.print('y')
  const tooLong = shop.print(`${long}y`)
  shop.rests()
  world.run(3000)
  shop.works()
  const again = shop.print('z')
  let held = 1
  while (shop.print('short').status === 'ok') held++

  t.is(refused.status, 'no_resource')
  t.is(tooLong.status, 'too_large')
  t.is(world.output.length, 16)
  t.deepEqual(again, { status: 'ok', sequence: 17 })
  t.is(held, 1000)
})

test('[DV6] a line that waits asks for the epoch that it needs, also where nobody else ever does; without one none is asked for', async (t) => {
  const shop = await Printer.open({ snapshotEveryMs: 0 })
  const { world } = shop
  shop.rests()
  world.run(5000)
  const before = world.of('captured').length
  shop.works()
  shop.print('one')
  shop.rests()
  world.run(200)
  const took = world.of('captured').length - before
  world.run(5000)

  t.deepEqual(textsOf(world), ['one'])
  t.true(took >= 1 && took <= 2, `${took}`)
  t.is(world.of('captured').length - before, took)
})

test('[DV6] in a lazy world a line that waits has the line found', async (t) => {
  const shop = await Printer.open({ line: 'lazy' })
  const { world } = shop

  shop.print('one')
  shop.rests()
  world.run(1000)

  t.deepEqual(textsOf(world), ['one'])
})

test('[DV7] it can be asked what was told of intervals after one: going back to that would not undo it', async (t) => {
  const shop = await Printer.open()
  const { world, cont } = shop
  const ask = async (of: KernelWorld, capref: Capref, interval: number) => {
    const answer = await of.call('output_released', { cont: capref, after: interval })
    const lines = answer['lines'] as readonly { readonly text: string }[]
    return [answer['count'], answer['isCounted'], lines.map(({ text }) => text)]
  }
  const base = (of: KernelWorld): number =>
    of.kernel.machine.containers.named('shop')!.intervals.history.base!.interval
  const say = (text: string): void => {
    shop.works()
    shop.print(text)
    shop.rests()
    world.run(1000)
  }
  say('one')
  const older = base(world)
  say('two')
  say(`three ${'.'.repeat(200)}`)

  const since = await ask(world, cont, older)
  const none = await ask(world, cont, base(world))
  const next = await after(world)
  const again = await next.call('container_find', { name: 'shop' })
  const later = await ask(next, again['cont'] as Capref, older)
  const everything = await ask(next, again['cont'] as Capref, 0)

  t.deepEqual(since, [2, true, ['two', `three ${'.'.repeat(114)}`]])
  t.deepEqual(none, [0, true, []])
  t.deepEqual(later, since)
  t.deepEqual(everything, [3, true, ['one', ...(since[2] as string[])]])
})

test('[DV7] where more was told than is remembered, it is said that it was more', async (t) => {
  const shop = await Printer.open()
  const { world, cont } = shop
  for (let i = 0; i < 40; i++) shop.print(`${i}`)
  shop.rests()
  world.run(2000)

  const { count, isCounted } = await world.call('output_released', { cont, after: 0 })

  t.is(world.output.length, 40)
  t.deepEqual([count, isCounted], [32, false])
})

test('[DV11] lines of a container that is destroyed are told when its end is on the line, over a crash too', async (t) => {
  for (const takes of [true, false]) {
    const shop = await Printer.open()
    const { world, cont } = shop
    world.takesOutput = takes
    shop.print('last words')
    await world.endLocus(shop.port)
    const destroyed = await world.call('container_destroy', { cont })
    await world.call('world_snapshot', { durable: true })
    world.run(200)
    const told = textsOf(world)

    const next = await after(world)

    t.is(destroyed.status, 'ok')
    t.deepEqual(told, ['last words'])
    t.deepEqual(textsOf(next), takes ? [] : ['last words'])
  }
})

test('[SI143] lines of a container whose end is on the line are told though the power fails again before the recovery has told them', async (t) => {
  const shop = await Printer.open()
  const { world, cont } = shop
  world.takesOutput = false
  shop.print('last words')
  await world.endLocus(shop.port)
  await world.call('container_destroy', { cont })
  await world.call('world_snapshot', { durable: true })
  const second = await KernelWorld.open({ earlier: world, takesOutput: false })

  const third = await after(second)

  t.is(third.kernel.machine.damage, null)
  t.deepEqual(textsOf(third), ['last words'])
})

test('[DV12] the status says what is held, container by container, and output_settled waits until all was told that can be', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  world.takesOutput = false
  shop.print('1234')
  const held = async (): Promise<unknown> =>
    ((await world.call('world_status', {}))['report'] as { output: unknown }).output
  const before = await held()
  shop.rests()
  world.run(1000)

  const busy = await world.call('output_settled', {})
  world.console.taken(1)
  const settled = await world.call('output_settled', {})

  t.deepEqual(before, [{ container: 'shop', held: 1, bytes: 4, told: 0 }])
  t.is(busy.status, 'busy')
  t.is(settled.status, 'ok')
  t.deepEqual(await held(), [])
})

test('[DV1] who has ended prints nothing', async (t) => {
  const shop = await Printer.open()
  const { world } = shop
  const messenger = world.loci.get(shop.port)!
  world.said(messenger, locusCalls.locusEnd, { status: 'ok', detail: '', block: Uint8Array.of() })

  const reply = shop.print('too late')

  t.is(reply.status, 'no_such_locus')
})

test('[DV13] an administrator who goes back to a kept line is told which lines that does not undo, and their numbers are not used again, after a crash neither', async (t) => {
  const shop = await Printer.open({ keepLines: 3, keepEveryMs: 1e9 })
  const { world } = shop
  const [kept] = world.kernel.machine.kept.names
  shop.print('one')
  shop.print('two')
  // Until the log no longer has the record that says so.
  for (let i = 0; i < 300; i++) {
    shop.works()
    shop.rests()
    await world.call('world_snapshot', { durable: true })
    world.run(100)
  }

  const foretold = await world.call('line_rollback', { line: kept!, dry: true })
  const { status } = await world.call('line_rollback', { line: kept!, dry: false })
  const next = await KernelWorld.open({ earlier: world, keepLines: 3 })
  next.run(500)
  const [output] = next.kernel.machine.output.all()

  const released = foretold['released'] as { kind: string; detail: string }[]
  t.deepEqual(
    released.filter(({ kind }) => kind === 'line').map(({ detail }) => detail),
    ['“shop” has told 2 lines, the last of them “two”'],
  )
  t.is(status, 'ok')
  t.deepEqual(textsOf(world), ['one', 'two'])
  t.deepEqual(textsOf(next), [])
  t.is(output?.told, 2)
  t.is(output?.next, 3)
})

/** Lines are kept when it is asked for. */
const keeping = { keepLines: 3, keepEveryMs: 1e9 }

/** What is kept now is gone back to later; answers its name. */
async function keeps({ world }: Printer): Promise<number> {
  await world.call('world_snapshot', { durable: true, keep: true })
  world.run(100)
  return world.kernel.machine.kept.names.at(-1)!
}

/** Prints and is told, or is with the console. */
function says(shop: Printer, ...texts: string[]): void {
  shop.works()
  for (const text of texts) shop.print(text)
  shop.rests()
  shop.world.run(1000)
}

async function goesBack(world: KernelWorld, line: number): Promise<void> {
  const reply = await world.call('line_rollback', { line, dry: false })
  if (reply.status !== 'ok') throw new Error(reply.detail)
  world.run(200)
}

async function restarts(world: KernelWorld, options: WorldOptions = {}): Promise<KernelWorld> {
  const next = await KernelWorld.open({ earlier: world, ...keeping, ...options })
  next.run(500)
  return next
}

/** Somebody else is captured so often that the log is trimmed behind whatever is not written again. */
const manyCaptures = (world: KernelWorld): Promise<void> => captures(world, 200)

/** Somebody else is captured so often. */
async function captures(world: KernelWorld, count: number): Promise<void> {
  const other = world.kernel.machine.containers.named('other')
  const clerk = other === null ? await Printer.in(world, 'other') : Printer.of(world, 'other')
  for (let i = 0; i < count; i++) {
    clerk.works()
    clerk.rests()
    await world.call('world_snapshot', { durable: true })
  }
  world.run(100)
}

/** The number of the next line of the shop, which is printed and told. */
function nextIn(world: KernelWorld, text: string): number | string {
  const shop = Printer.of(world, 'shop')
  shop.works()
  const reply = shop.print(text)
  shop.rests()
  world.run(1000)
  return reply.status === 'ok' ? reply.sequence : reply.status
}

for (const isRestarted of [false, true])
  test(`[SI221] back at a line without a container, then at an older one that has it${isRestarted ? ', in a later life' : ''}: what was told of it is known there, and its next lines are told`, async (t) => {
    const shop = await Printer.open(keeping)
    const { world, cont } = shop
    says(shop, 'one')
    const has = await keeps(shop)
    says(shop, 'two', 'three')
    await world.endLocus(shop.port)
    await world.call('container_destroy', { cont })
    await world.call('world_snapshot', { durable: true })
    const other = await Printer.in(world, 'other')
    other.rests()
    const hasNot = await keeps(other)

    await goesBack(world, hasNot)
    const isGone = world.kernel.machine.containers.named('shop') === null
    const later = isRestarted ? await restarts(world) : world
    await goesBack(later, has)
    const sequence = nextIn(later, 'four')

    t.true(isGone)
    t.is(sequence, 4)
    t.deepEqual(
      [...textsOf(world), ...(isRestarted ? textsOf(later) : [])],
      ['one', 'two', 'three', 'four'],
    )
  })

for (const isFirst of [false, true])
  test(`[SI222] however far the log was trimmed since, a container ${isFirst ? 'that had printed nothing on the line ' : ''}comes back with what was told of it`, async (t) => {
    const shop = await Printer.open(keeping)
    const { world, cont } = shop
    if (!isFirst) says(shop, 'one')
    const line = await keeps(shop)
    says(shop, 'two')
    await world.endLocus(shop.port)
    await world.call('container_destroy', { cont })
    await world.call('world_snapshot', { durable: true })
    await manyCaptures(world)

    const next = await restarts(world)
    const isForgotten = next.kernel.machine.output
      .all()
      .every(({ container }) => container !== 'shop')
    await goesBack(next, line)
    const last = await restarts(next)
    const sequence = nextIn(last, 'three')

    t.true(isForgotten, 'the log had it yet: the test shows nothing')
    t.is(sequence, isFirst ? 2 : 3)
    t.deepEqual(textsOf(next), [])
    t.deepEqual(textsOf(last), ['three'])
  })

test('[SI222] a line is kept with what was told before: lines that it holds are not told again', async (t) => {
  const shop = await Printer.open(keeping)
  const { world, cont } = shop
  says(shop, 'one')
  const [point] = world.kernel.machine.output.all().map(({ told }) => told)
  // Not so many that its point, which has the line and not that it was told, is written again.
  await captures(world, 16)
  const line = await keeps(shop)
  const { record } = world.kernel.machine.kept.all.at(-1)!
  await world.endLocus(shop.port)
  await world.call('container_destroy', { cont })
  await world.call('world_snapshot', { durable: true })

  const next = await restarts(world)
  await goesBack(next, line)
  const sequence = nextIn(next, 'two')

  t.is(point, 1)
  t.like(record.state.containers.find(({ name }) => name === 'shop')?.output ?? {}, {
    told: 1,
    lines: [],
  })
  t.is(sequence, 2)
  t.deepEqual(textsOf(next), ['two'])
})

test('[SI222] back at a kept line and idle since: its record is written again, and the world starts from that with numbers above those that were told', async (t) => {
  const shop = await Printer.open(keeping)
  const { world } = shop
  says(shop, 'one')
  await Printer.in(world, 'other')
  const line = await keeps(shop)
  says(shop, 'two', 'three')
  await goesBack(world, line)
  await manyCaptures(world)

  const next = await restarts(world)
  const sequence = nextIn(next, 'four')

  t.is(next.boot?.status, 'ok', next.boot?.detail)
  t.is(sequence, 4)
  t.deepEqual(textsOf(next), ['four'])
})

test('[SI223] lines that are with the console as an administrator goes back have numbers that no other line gets, after a crash neither', async (t) => {
  const shop = await Printer.open(keeping)
  const { world } = shop
  says(shop, 'one')
  const line = await keeps(shop)
  world.takesOutput = false
  says(shop, 'two', 'three')
  await goesBack(world, line)

  const next = await restarts(world)
  const sequence = nextIn(next, 'four')
  const last = await restarts(next)

  t.deepEqual(textsOf(world), ['one', 'two', 'three'])
  t.is(sequence, 4)
  t.deepEqual(textsOf(next), ['four'])
  t.is(nextIn(last, 'five'), 5)
})

test('[SI223] a line that is with the console and is on the line that is gone back to is told again, with its number', async (t) => {
  const shop = await Printer.open(keeping)
  const { world } = shop
  world.takesOutput = false
  says(shop, 'one')
  await goesBack(world, await keeps(shop))

  const next = await restarts(world)

  t.deepEqual(
    next.output.map(({ text, sequence }) => [text, sequence]),
    [['one', 1]],
  )
  t.is(nextIn(next, 'two'), 2)
})

/** A shop that has ended on a kept line, and whose last words nobody has taken; answers that line. */
async function endsUnheard(shop: Printer): Promise<number> {
  const { world, cont } = shop
  world.takesOutput = false
  shop.print('last words')
  await world.endLocus(shop.port)
  await world.call('container_destroy', { cont })
  // Of an empty world there is nothing to keep.
  const other = await Printer.in(world, 'other')
  other.rests()
  return keeps(other)
}

for (const crash of ['none', 'before', 'after', 'both'] as const)
  test(`[SI271] lines that nobody had taken, of a container whose end is on a kept line, are told when an administrator goes back to it (crash: ${crash})`, async (t) => {
    const shop = await Printer.open(keeping)
    const line = await endsUnheard(shop)
    let { world } = shop
    await captures(world, 3)
    if (crash === 'before' || crash === 'both')
      world = await restarts(world, { takesOutput: false })

    await goesBack(world, line)
    if (crash === 'after' || crash === 'both') world = await restarts(world, { takesOutput: false })
    const last = await restarts(world)
    const again = await restarts(last)

    t.deepEqual(textsOf(last), ['last words'])
    t.deepEqual(textsOf(again), [])
  })

test('[SI271] they are told at once where the world is open', async (t) => {
  const shop = await Printer.open(keeping)
  const line = await endsUnheard(shop)
  const { world } = shop

  await goesBack(world, line)
  const waits = world.kernel.machine.output.all().map(({ lines }) => lines.length)
  // The host has had it all the time, and says only now that it has taken it.
  world.console.taken(1)
  world.run(8000)

  t.deepEqual(waits, [1])
  t.like(world.kernel.machine.output.all()[0], { told: 1, lines: [] })
})

for (const isTrimmed of [false, true])
  test(`[SI271] such lines as were told since are not told again${isTrimmed ? ', however far the log was trimmed' : ''}`, async (t) => {
    // No older line is kept on which the container still was.
    const one = { ...keeping, keepLines: 1 }
    const shop = await Printer.open(one)
    const line = await endsUnheard(shop)
    const taken = await restarts(shop.world, one)
    await captures(taken, isTrimmed ? 200 : 3)
    const later = isTrimmed ? await restarts(taken, one) : taken

    await goesBack(later, line)
    later.run(1000)
    const last = await restarts(later, one)

    t.deepEqual(textsOf(taken), ['last words'])
    t.deepEqual(isTrimmed ? textsOf(later) : [], [])
    t.deepEqual(textsOf(last), [])
  })
