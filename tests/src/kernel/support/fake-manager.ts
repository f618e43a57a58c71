/**
 * A small manager for rules of the kernel alone: a real messenger actor that keeps no pages. It does what a manager must, or, as
 * the test says, answers nothing, refuses, or reports in another order. What it made stable outlives it, as a disk would.
 */
import {
  actorPorts,
  asContainer,
  asOffset,
  asPageSet,
  asToken,
  guestUpcalls,
  managerDowncalls,
  managerNotices,
  managerRequests,
  managerUpcalls,
  pageSetCalls,
  refuse,
  retainedUpcalls,
  supportUpcalls,
  type Answer,
  type Capref,
  type Frame,
  type ManagerBoot,
  type PageSetId,
  type StateInterval,
  type SupportDecision,
  type Token,
} from '@katydid/abi'
import { ask, later, run, type Messenger, type Region } from '@katydid/actor'
import { Lcd } from '@katydid/memory'

/** What a manager has on its disk: the labels that are stable, by token. */
export type Stable = Map<number, Set<number>>

export interface Behaviour {
  /** What becomes of a container_snapshot. */
  snapshots: 'ok' | 'never' | 'refuse' | 'keeps nothing'
  /** Whether a snapshot is reported stable as soon as it is taken. */
  stabilise: boolean
  /** Whether it keeps more than one snapshot of a container. */
  keepsLines: boolean
  /** Whether page_discard gives frames back. */
  discards: 'ok' | 'never' | 'refuse'
  /** Whether it makes its root page stable when it starts. */
  root: boolean
  accepts: boolean
  /** Whether it can copy a snapshot and hash what it holds. */
  copies: boolean
  /** Says that it accepts and does not call set_manager. */
  lies: boolean
  /** What it says of invocations on other machines; at home, if it names none. */
  elsewhere: { readonly decision: SupportDecision; readonly machine?: number } | 'never'
  /** How many pages a guest that is gone could have written. */
  writtenElsewhere: number
}

export const goodBehaviour = (): Behaviour => ({
  snapshots: 'ok',
  stabilise: true,
  keepsLines: true,
  discards: 'ok',
  root: true,
  accepts: true,
  copies: true,
  lies: false,
  elsewhere: { decision: 'migrate_to' },
  writtenElsewhere: 0,
})

interface Managed {
  capability: Capref
  slot: number
}

export class FakeManager {
  readonly boot: ManagerBoot
  readonly behaviour: Behaviour
  readonly calls: string[] = []
  readonly managed = new Map<number, Managed>()
  readonly frames: Frame[] = []
  pageSet: PageSetId = asPageSet(0)
  readonly #region: Region
  readonly #messenger: Messenger
  readonly #stable: Stable
  #nextToken = 100
  #kept: ReadonlySet<string> = new Set()

  constructor(
    region: Region,
    messenger: Messenger,
    boot: ManagerBoot,
    behaviour: Behaviour,
    stable: Stable,
  ) {
    this.boot = boot
    this.behaviour = behaviour
    this.#region = region
    this.#messenger = messenger
    this.#stable = stable
    for (const token of stable.keys()) this.#nextToken = Math.max(this.#nextToken, token + 1)
    this.#serve()
    this.#serveRetained()
    this.#serveGuests()
    run(messenger, this.#start())
  }

  *#start() {
    const { kernel } = actorPorts
    const set = yield* ask(this.#messenger, kernel, pageSetCalls.pageSetCreate, { least: 2 })
    if (set.status !== 'ok') throw new Error(set.detail)
    this.pageSet = set.pageset
    const cont = this.boot.own.capability
    if (this.boot.rootPage === null)
      yield* ask(this.#messenger, kernel, managerDowncalls.mapRootPage, { cont, addr: asOffset(0) })
    if (this.behaviour.root) yield* this.commitRoot()
  }

  /** Snapshots itself: container_snapshot of its own token comes in between. */
  *commitRoot() {
    const cont = this.boot.own.capability
    const { kernel } = actorPorts
    const named = yield* ask(this.#messenger, kernel, managerDowncalls.snapshotRequest, { cont })
    if (named.status !== 'ok') return named.status
    const args = { cont, stateInterval: named.stateInterval, replayFrom: 0 as never }
    const reply = yield* ask(this.#messenger, kernel, managerDowncalls.stateIntervalStable, args)
    return reply.status
  }

  #serve(): void {
    this.#messenger.serve(managerRequests, {
      manageRequest: ({ cont }, call) => {
        this.calls.push('manage_request')
        if (this.behaviour.lies) return { status: 'ok', success: true }
        if (!this.behaviour.accepts) return { status: 'ok', success: false }
        const token = asToken(this.#nextToken++)
        const args = { cont, manager: this.boot.self, contId: token }
        this.#messenger.call(actorPorts.kernel, managerDowncalls.setManager, args, (reply) => {
          if (reply.status === 'ok') this.managed.set(token, { capability: cont, slot: reply.slot })
          call.reply({ status: 'ok', success: reply.status === 'ok' })
        })
        return later
      },
    })
    this.#messenger.serve(managerUpcalls, {
      containerFault: () => refuse('no_frames', 'a fake has no pages'),
      pageDiscard: ({ pageset, pageCount }) => {
        this.calls.push(`page_discard ${pageset} ${pageCount}`)
        if (this.behaviour.discards === 'refuse') return refuse('no_such_page_set', 'not mine')
        if (this.behaviour.discards === 'ok') this.giveBack(pageset, pageCount)
        return { status: 'ok' }
      },
      invokeNoSupport: ({ machineId, stateInterval, params }) => {
        const { elsewhere } = this.behaviour
        this.calls.push(`invoke_no_support ${machineId} ${stateInterval} ${params.byteLength}`)
        if (elsewhere === 'never') return later
        const here = this.#region.words.load(this.#region.machineWord('machineId'))
        const { decision, machine = here } = elsewhere
        return { status: 'ok', decision, machine: asToken(machine) }
      },
      containerSnapshot: ({ cont, stateInterval }) => {
        this.calls.push(`container_snapshot ${cont} ${stateInterval}`)
        if (cont === this.boot.own.token) return { status: 'ok' }
        if (this.behaviour.snapshots === 'never') return later
        if (this.behaviour.snapshots === 'refuse')
          return refuse('no_such_container', 'it is not in the mood')
        if (this.behaviour.snapshots === 'keeps nothing')
          return refuse('not_supported', 'a fake keeps nothing')
        if (this.behaviour.stabilise) this.stabilise(cont, stateInterval)
        return { status: 'ok' }
      },
      stateIntervalQuery: ({ cont, stateInterval }, call) => {
        this.calls.push(`state_interval_query ${cont} ${stateInterval}`)
        const has = this.#stable.get(cont)?.has(stateInterval) === true
        const answer = { status: 'ok', state: has ? 'stable' : 'none' } as const
        if (this.heldAnswers === null) return answer
        this.heldAnswers.push(() => call.reply(answer))
        return later
      },
      containerStabiliseRequest: ({ cont, stateInterval }) => {
        this.calls.push(`container_stabilise_request ${cont} ${stateInterval}`)
        if (this.stabilisesWhenAsked) this.stabilise(cont, stateInterval)
        return { status: 'ok' }
      },
      snapshotIsRecoverable: ({ cont, stateInterval }) => {
        this.calls.push(`snapshot_is_recoverable ${cont} ${stateInterval}`)
        return { status: 'ok' }
      },
      contRollback: ({ cont, stateInterval, open, recoverable, capability, slot }) => {
        this.calls.push(`cont_rollback ${cont} ${stateInterval} ${open} ${recoverable}`)
        this.managed.set(cont, { capability, slot })
        return { status: 'ok' }
      },
      containerDestroyed: ({ cont }) => {
        this.calls.push(`container_destroyed ${cont}`)
        this.managed.delete(cont)
        return { status: 'ok' }
      },
    })
    this.#messenger.serve(managerNotices, {
      containersLive: ({ tokens }) => {
        this.calls.push(`containers_live ${tokens.join(' ')}`)
        for (const token of this.managed.keys())
          if (!tokens.some((each) => each === token)) this.managed.delete(token)
        return { status: 'ok' }
      },
      snapshotsKept: ({ snapshots }, call) => {
        if (!this.behaviour.keepsLines) return refuse('not_supported', 'one snapshot each')
        const names = snapshots.map(({ cont, stateInterval }) => `${cont}:${stateInterval}`)
        this.calls.push(`snapshots_kept ${names.join(' ')}`)
        this.#kept = new Set(names)
        if (!this.thinksOfKept) return { status: 'ok' }
        this.answerKept = (answer) => call.reply(answer)
        return later
      },
      snapshotSupersedes: ({ cont, stateInterval }) => {
        this.calls.push(`snapshot_supersedes ${cont} ${stateInterval}`)
        for (const label of this.#stable.get(cont) ?? [])
          if (label < stateInterval && !this.#kept.has(`${cont}:${label}`))
            this.#stable.get(cont)!.delete(label)
        return { status: 'ok' }
      },
    })
  }

  /** As a proxy, and as the manager of what is used elsewhere: nothing was ever written where there are no pages, unless the test says so. */
  #serveGuests(): void {
    const { f64 } = this.#region
    this.#messenger.serve(guestUpcalls, {
      guestBegin: ({ slot }) => {
        this.calls.push(`guest_begin ${slot}`)
        const size = f64[this.#region.containerWord(asContainer(slot), 'size') >> 1]!
        return { status: 'ok', cont: asToken(this.#nextToken++), size }
      },
      guestEnd: ({ cont }) => {
        this.calls.push(`guest_end ${cont}`)
        return { status: 'ok' }
      },
      guestAcquire: () => ({ status: 'ok' }),
    })
    const isKnown = ({ cont }: { readonly cont: Token }) =>
      this.managed.has(cont)
        ? ({ status: 'ok' } as const)
        : refuse('no_such_container', `no container ${cont}`)
    this.#messenger.serve(supportUpcalls, {
      supportGather: isKnown,
      supportThaw: isKnown,
      supportLost: ({ cont, machine }) => {
        this.calls.push(`support_lost ${cont} ${machine}`)
        return { status: 'ok', pages: this.behaviour.writtenElsewhere }
      },
    })
  }

  /** What state_hash says of a container's snapshot. */
  hashOf: (cont: Token, stateInterval: StateInterval) => number = () => 1
  /** Containers that began as a snapshot of another. */
  readonly copies = new Set<Token>()

  #serveRetained(): void {
    const none = () => refuse('not_supported', 'a fake lists none')
    this.#messenger.serve(retainedUpcalls, {
      retainedList: none,
      retainedDrop: none,
      retainedKeep: none,
      retainedTake: ({ cont, source, stateInterval }, call) => {
        this.calls.push(`retained_take ${source} ${stateInterval}`)
        if (!this.behaviour.copies) return refuse('no_resource', 'a fake has no room')
        const token = asToken(this.#nextToken++)
        const args = { cont, manager: this.boot.self, contId: token }
        this.#messenger.call(actorPorts.kernel, managerDowncalls.setManager, args, (reply) => {
          if (reply.status !== 'ok') return call.reply(refuse('frozen', reply.detail))
          this.managed.set(token, { capability: cont, slot: reply.slot })
          this.copies.add(token)
          call.reply({ status: 'ok' })
        })
        return later
      },
      stateHash: ({ cont, stateInterval }) => {
        this.calls.push(`state_hash ${cont} ${stateInterval}`)
        return { status: 'ok', hash: Uint8Array.of(this.hashOf(cont, stateInterval)) }
      },
    })
  }

  /** Answers to what is asked of snapshots, while they are held back; null: they are not. */
  heldAnswers: (() => void)[] | null = null

  /** Says nothing of kept snapshots until `answerKept` is called. */
  thinksOfKept = false
  answerKept: (answer: Answer<(typeof managerNotices)['snapshotsKept']>) => void = () => {}

  /** Makes a snapshot stable when the kernel asks for it, and not before. */
  stabilisesWhenAsked = false

  /** Makes a snapshot stable and reports it. */
  stabilise(
    cont: Token,
    stateInterval: StateInterval,
    onReply: (status: string) => void = () => {},
  ): void {
    const labels = this.#stable.get(cont) ?? new Set()
    this.#stable.set(cont, labels.add(stateInterval))
    const capability = this.managed.get(cont)!.capability
    const args = { cont: capability, stateInterval, replayFrom: 0 as never }
    this.#messenger.call(actorPorts.kernel, managerDowncalls.stateIntervalStable, args, (reply) =>
      onReply(reply.status),
    )
  }

  /** Installs a page with write access, as a first write of a locus would have it done. */
  installWritable(token: number, offset: number): string {
    const { slot } = this.managed.get(token)!
    const frame = this.frames.find(
      (each) => this.#region.words.load(this.#region.frameWord(each, 'entry')) === 0,
    )
    if (frame === undefined) return 'no_frames'
    return Lcd.open(this.#region, {
      container: slot as never,
      manager: this.boot.port,
      pageSet: this.pageSet,
    }).install([{ offset, frame, access: 'write' }])
  }

  addFrames(pageCount: number, onReply: (status: string) => void = () => {}): void {
    const args = { pageset: this.pageSet, pageCount }
    this.#messenger.call(actorPorts.kernel, pageSetCalls.pageSetAdd, args, (reply) => {
      if (reply.status === 'ok') this.frames.push(...reply.frames)
      onReply(reply.status)
    })
  }

  giveBack(pageset: PageSetId, pageCount: number): void {
    const frames = this.frames.splice(0, pageCount)
    this.#messenger.call(
      actorPorts.kernel,
      pageSetCalls.pageSetRemove,
      { pageset, frames },
      () => {},
    )
  }

  /** What is stable of each container. */
  labels(): readonly ReadonlySet<number>[] {
    return [...this.#stable.values()]
  }

  get messenger(): Messenger {
    return this.#messenger
  }
}
