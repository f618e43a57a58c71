/** What happens to a world of machines, drawn from its seed: actors, machines, wires and disks fail, and heal again. */
import type { MachineId } from '@katydid/abi'
import type { WholeMachines } from './whole-machines.js'
import type { WholeWorld } from '../campaign/whole-world.js'

interface Due {
  readonly atMs: number
  readonly deed: () => void
}

export class Blows {
  readonly struck = new Map<string, number>()
  readonly #machines: WholeMachines
  readonly #due: Due[] = []

  constructor(machines: WholeMachines) {
    this.#machines = machines
  }

  /** Some hundred milliseconds of work, and a few blows. */
  course(): void {
    const { random } = this.#machines
    for (let blows = 1 + random.below(5); blows > 0; blows--) {
      // Half of them fall upon who is still reeling.
      this.#pass(random.chance(0.5) ? random.below(40) : random.below(250))
      this.#strike()
      if (this.#machines.problems.length > 0) return
    }
    this.#pass(random.below(300))
  }

  /** Everything works again. */
  mend(): void {
    for (const { deed } of this.#due.splice(0)) deed()
    this.#machines.wires.wires.healAll()
    this.#machines.slow.clear()
    for (const machine of this.#machines.machines) this.#revive(machine)
  }

  #pass(forMs: number): void {
    const machines = this.#machines
    const untilMs = machines.nowMs + forMs
    while (machines.nowMs < untilMs) {
      const next = Math.min(untilMs, ...this.#due.map(({ atMs }) => atMs))
      machines.run(Math.max(0.001, next - machines.nowMs))
      for (const each of this.#due.splice(0)) {
        if (each.atMs <= machines.nowMs) each.deed()
        else this.#due.push(each)
      }
      // A machine whose disk refused too much has failed; whoever looks after it starts it again.
      for (const [machine, { phase }] of machines.worlds)
        if (phase === 'failed') this.#restart(machine, 50)
    }
  }

  #later(forMs: number, deed: () => void): void {
    this.#due.push({ atMs: this.#machines.nowMs + forMs, deed })
  }

  #strike(): void {
    const { random, worlds } = this.#machines
    const running = [...worlds.keys()]
    const machine = running[random.below(running.length)]
    if (machine === undefined) return
    const world = worlds.get(machine)!
    const [name, blow] = blows[random.below(blows.length)]!
    this.#machines.tell(`${this.#machines.nowMs.toFixed(1)} machine ${machine} is struck: ${name}`)
    this.struck.set(name, (this.struck.get(name) ?? 0) + 1)
    blow({
      machine,
      world,
      machines: this.#machines,
      restart: (of, afterMs) => this.#restart(of, afterMs),
      later: (forMs, deed) => this.#later(forMs, deed),
    })
  }

  /** A machine that failed by what had befallen it before is started again. */
  lookAfter(): void {
    for (const [machine, { phase }] of this.#machines.worlds)
      if (phase === 'failed') this.#revive(machine)
  }

  #restart(machine: MachineId, afterMs: number): void {
    this.#machines.crash(machine)
    this.#later(afterMs, () => this.#revive(machine))
  }

  #revive(machine: MachineId): void {
    if (this.#machines.worlds.get(machine)?.phase === 'failed') this.#machines.crash(machine)
    if (!this.#machines.worlds.has(machine)) this.#machines.start(machine)
  }
}

interface Struck {
  readonly machine: MachineId
  readonly world: WholeWorld
  readonly machines: WholeMachines
  readonly restart: (machine: MachineId, afterMs: number) => void
  readonly later: (forMs: number, deed: () => void) => void
}

const blows: readonly (readonly [name: string, blow: (struck: Struck) => void])[] = [
  ['locus', killLocus],
  ['locus', killLocus],
  [
    'manager',
    ({ world }) => {
      if (world.manager !== null) world.killManager()
    },
  ],
  ['machine', ({ machine, machines, restart }) => restart(machine, machines.random.below(400))],
  ['machine', ({ machine, machines, restart }) => restart(machine, machines.random.below(1500))],
  ['several', several],
  ['network driver', ({ world }) => world.restartNetwork()],
  ['disk driver', ({ world }) => world.killDisk()],
  ['partition', partition],
  ['cut', cut],
  ['wires', badWires],
  ['slow', slow],
  ['disk errors', diskErrors],
]

function killLocus({ world, machines }: Struck): void {
  const ports = world.lociPorts()
  const port = ports[machines.random.below(Math.max(1, ports.length))]
  if (port !== undefined) world.killLocus(port)
}

function several({ machines, restart }: Struck): void {
  const { random } = machines
  for (const each of machines.machines)
    if (machines.worlds.has(each) && random.chance(0.4)) restart(each, random.below(600))
}

function partition({ machine, machines, later }: Struck): void {
  const { random, wires } = machines
  const group = machines.machines.filter((each) => each === machine || random.chance(0.3))
  wires.wires.partition([group, machines.machines.filter((each) => !group.includes(each))])
  later(random.below(1800), () => wires.wires.healAll())
}

function cut({ machine, machines, later }: Struck): void {
  const { random, wires } = machines
  const others = machines.machines.filter((each) => each !== machine)
  const other = others[random.below(others.length)]!
  wires.wires.cut(machine, other)
  later(random.below(1800), () => wires.wires.heal(machine, other))
}

function badWires({ machines, later }: Struck): void {
  const { random, wires, shape } = machines
  wires.wires.replan({
    latencyMs: random.below(4),
    spreadMs: random.below(10),
    tailMs: random.below(4),
    loss: random.fraction() * 0.1,
    duplication: random.fraction() * 0.1,
    reorder: random.fraction() * 0.1,
  })
  later(200 + random.below(1500), () => wires.wires.replan(shape.wires))
}

function slow({ machine, machines, later }: Struck): void {
  machines.slow.add(machine)
  later(machines.random.below(600), () => machines.slow.delete(machine))
}

function diskErrors({ world, machines, later }: Struck): void {
  const { random } = machines
  const likelihood = random.fraction() * 0.3
  world.faulty = true
  world.disk.fails = () => random.chance(likelihood)
  if (random.chance(0.3)) world.disk.writesFull = random.below(20)
  later(random.below(200), () => {
    world.disk.fails = () => false
    world.disk.writesFull = 0
  })
}
