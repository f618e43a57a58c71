/** The past of an open world: snapshots that are retained, lines that are kept, and what was told since. Each call is one on a kernel. */
import { asInterval, outputCalls, type ResultOf } from '@katydid/abi'
import { currentOf, type Container } from './containers.js'
import { must } from './host-call.js'
import { goBackTo, listLines, type KeptLine, type RollbackReport } from './lines.js'
import {
  beginAsSnapshot,
  dropSnapshot,
  listSnapshots,
  retainSnapshots,
  type RetainedSnapshot,
} from './past.js'
import { WorldBase } from './world-base.js'

export abstract class WorldPast extends WorldBase {
  /** The snapshots that are retained of the container, from old to new; the last is the one that a crash would bring back. */
  async snapshots(container: Container): Promise<readonly RetainedSnapshot[]> {
    this.mustBeOpen()
    const life = await this.here.lifeOf(container)
    return listSnapshots(life.host, await currentOf(life, container))
  }

  /**
   * A container that shows that snapshot, for reading only: map it into another, or have it invoked. It is there until it is
   * destroyed or the world is closed. Without a name nobody else finds it.
   */
  async openSnapshot(
    container: Container,
    stateInterval: number,
    options: { readonly name?: string } = {},
  ): Promise<Container> {
    this.mustBeOpen()
    const { name = '' } = options
    return this.#begin(container, 'open', stateInterval, name)
  }

  /**
   * A container of that name that begins as that snapshot, program and all, and goes its own way; pages are shared until one of
   * the two writes them. It is there for good once a snapshot taken after this is recoverable.
   */
  async forkSnapshot(
    container: Container,
    stateInterval: number,
    options: { readonly name: string },
  ): Promise<Container> {
    this.mustBeOpen()
    return this.#begin(container, 'fork', stateInterval, options.name)
  }

  /** That snapshot is retained no longer. */
  async dropSnapshot(container: Container, stateInterval: number): Promise<void> {
    this.mustBeOpen()
    const life = await this.here.lifeOf(container)
    await dropSnapshot(life.host, await currentOf(life, container), stateInterval)
  }

  /** So many snapshots of the container stay from now on, besides the one that a crash would bring back; at most 100. */
  async retain(container: Container, count: number): Promise<void> {
    this.mustBeOpen()
    const life = await this.here.lifeOf(container)
    await retainSnapshots(life.host, await currentOf(life, container), count)
  }

  /**
   * What the container has told of intervals after that one: what taking it back there would not undo. `count` lines, or at least so many
   * when not `isCounted`; `lines` are the newest, cut after 120 characters.
   */
  async releasedOutput(
    container: Container,
    after: number,
  ): Promise<ResultOf<typeof outputCalls.outputReleased>> {
    this.mustBeOpen()
    const about = `output of ${container.name}`
    const life = await this.here.lifeOf(container)
    const { capref: cont } = await currentOf(life, container)
    const args = { cont, after: asInterval(after) }
    const { count, isCounted, lines } = await must(
      life.host,
      about,
      outputCalls.outputReleased,
      args,
    )
    return { count, isCounted, lines }
  }

  /** The lines that are kept, from old to new: see `retain` of `openWorld`. */
  async lines(): Promise<readonly KeptLine[]> {
    this.mustBeOpen()
    return listLines(this.here.of(undefined).host)
  }

  /** What `rollback` would do. Changes nothing, and rejects as that would. */
  async foretellRollback(line: number): Promise<RollbackReport> {
    this.mustBeOpen()
    return goBackTo(this.here.of(undefined).host, this.dir, line, true)
  }

  /**
   * An administrator's decision: the whole world goes back to that kept line (the number of its capture), containers that were
   * destroyed since too; what was made since is gone, and its loci go on from where they were then. Results and answers that were told
   * as recoverable since are not undone: the report names them. The decision is on record, every container has a new incarnation, and
   * no number of an interval is used again. Handles of containers and loci from before it may name nothing any more.
   *
   * Resolves when the world is open there. A crash on the way leaves it where it was, or there. Rejects with `not_supported` in a world of several machines, `no_such_interval` (the
   * line is not kept), `damaged` (a snapshot of it is missing; each is named), `manager_failed`, `frozen` (try again).
   */
  async rollback(line: number): Promise<RollbackReport> {
    this.mustBeOpen()
    return goBackTo(this.here.of(undefined).host, this.dir, line, false)
  }

  async #begin(
    container: Container,
    kind: 'open' | 'fork',
    stateInterval: number,
    name: string,
  ): Promise<Container> {
    const life = await this.here.lifeOf(container)
    return beginAsSnapshot(life, await currentOf(life, container), kind, stateInterval, name)
  }
}
