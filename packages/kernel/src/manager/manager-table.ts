/** The machine's managers, by port: the program each runs, the container it lives in, its root page, its restarts. */
import {
  actorPorts,
  maxActors,
  type Frame,
  type Generation,
  type ManagerProgram,
  type PortId,
  type StateInterval,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'

/** What of a root page is on the disk. */
export interface StableRoot {
  readonly offset: number
  readonly interval: StateInterval
  readonly bytes: Uint8Array
  /** The record lies behind this log position. */
  after: number
}

export interface RootPage {
  /** In its container, in bytes. */
  readonly offset: number
  readonly frame: Frame
}

export interface Manager {
  readonly port: PortId
  readonly program: ManagerProgram
  /** The container it lives in and manages. */
  own: Container | null
  /** The mapped root page. */
  root: RootPage | null
  stable: StableRoot | null
  state: 'idle' | 'running' | 'dead'
  generation: Generation
}

export class ManagerTable {
  readonly #managers = new Map<number, Manager>()

  add(manager: Manager): void {
    const { port } = manager
    invariant(
      port >= actorPorts.firstManager && port < maxActors && !this.#managers.has(port),
      'MG1: a manager has a port of its own',
      { port },
    )
    this.#managers.set(port, manager)
  }

  at(port: number): Manager | null {
    return this.#managers.get(port) ?? null
  }

  /** The manager of that name; the empty name is the first's. */
  named(name: string): Manager | null {
    if (name === '') return this.at(actorPorts.firstManager)
    return this.all().find(({ program }) => program.name === name) ?? null
  }

  all(): Manager[] {
    return [...this.#managers.values()]
  }

  /** The container in which the actor of that port lives; null when it has none. */
  ownContainer(port: PortId): Container | null {
    return this.at(port)?.own ?? null
  }
}
