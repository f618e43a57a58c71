/** The machines of a world that this process has: found by number, asked one by one or all at once. */
import { KatydidError } from './error.js'
import type { Container } from './containers.js'
import type { HostedMachine } from './hosted-machine.js'
import type { Machine } from './machine.js'
import type { MachineView } from './world-types.js'

export class Machines {
  readonly dir: string
  /** How many machines the world has. */
  readonly count: number
  readonly here: readonly HostedMachine[]

  constructor(dir: string, count: number, here: readonly HostedMachine[]) {
    this.dir = dir
    this.count = count
    this.here = here
  }

  get areSeveral(): boolean {
    return this.count > 1
  }

  /** The machine of that number, by default the first. Throws `bad_argument` when the world has none, `unreachable` when another process has it. */
  of(machine: number | undefined): HostedMachine {
    if (machine === undefined) return this.here[0]!
    const found = this.here.find((each) => Number(each.machine) === machine)
    if (found !== undefined) return found
    if (Number.isInteger(machine) && machine >= 1 && machine <= this.count)
      throw new KatydidError(
        'unreachable',
        `This process does not have machine ${machine} of the world in ${this.dir}. Ask the one that does, or join it with joinWorld.`,
      )
    throw new KatydidError(
      'bad_argument',
      `The world in ${this.dir} has machines 1 to ${this.count}, not ${machine}.`,
    )
  }

  /** The machine named, or all that this process has. */
  chosen(machine: number | undefined): readonly HostedMachine[] {
    return machine === undefined ? this.here : [this.of(machine)]
  }

  /** The life of the machine that a container is on. */
  lifeOf({ machine }: Container): Promise<Machine> {
    return this.of(machine).life()
  }

  /** Those that run. */
  get open(): readonly HostedMachine[] {
    return this.here.filter(({ state }) => state === 'open')
  }

  /** All machines of the world as this process sees them. */
  async views(): Promise<readonly MachineView[]> {
    const own = this.here.map((each) => viewOf(each))
    const network = this.open[0]?.newest?.network ?? null
    const peers = (await network?.status().catch(() => null))?.peers ?? []
    const others = Array.from({ length: this.count }, (_, nth) => nth + 1)
      .filter((number) => !own.some(({ machine }) => machine === number))
      .map((machine): MachineView => {
        const peer = peers.find((each) => Number(each.machine) === machine)
        const { state = 'unknown', incarnation = 0, detail = '' } = peer ?? {}
        return { machine, isHere: false, state, incarnation, detail }
      })
    return [...own, ...others].sort((a, b) => a.machine - b.machine)
  }
}

function viewOf({ machine, state, newest, failure }: HostedMachine): MachineView {
  const detail = failure?.sentence ?? ''
  return { machine, isHere: true, state, incarnation: newest?.incarnation ?? 0, detail }
}
