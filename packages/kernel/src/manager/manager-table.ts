/** The machine's managers, by port: the program each runs, the container it lives in, its root page, its restarts. */
import {
  actorPorts,
  isManagerPort,
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
  program: ManagerProgram
  /** The hash that the world has on record for a manager with containers in it; nil once it was started, or when there is none. */
  recordedHash: string | null
  /** The container it lives in and manages. */
  own: Container | null
  /** The mapped root page. */
  root: RootPage | null
  stable: StableRoot | null
  /** given_up: it failed too often, and is not started again in this session. */
  state: 'idle' | 'starting' | 'running' | 'dead' | 'given_up'
  generation: Generation
  /** When it failed of late, in milliseconds of the kernel’s clock. */
  failures: number[]
  /** How its thread ended of its own accord, the last time: what it said, and its status when it gave one. */
  ended: { readonly sentence: string; readonly status: string | null } | null
  /** Why it was given up, as a sentence. */
  why: string
}

export class ManagerTable {
  readonly #managers = new Map<number, Manager>()

  add(manager: Manager): void {
    const { port } = manager
    invariant(
      isManagerPort(port) && !this.#managers.has(port),
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

  /** Whether its containers have stopped with it. */
  isGivenUp(port: number | null): boolean {
    return port !== null && this.at(port)?.state === 'given_up'
  }

  all(): Manager[] {
    return [...this.#managers.values()]
  }

  /** The container in which the actor of that port lives; null when it has none. */
  ownContainer(port: PortId): Container | null {
    return this.at(port)?.own ?? null
  }
}
