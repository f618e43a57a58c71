/**
 * A kernel reduced to what a manager meets: page sets, windows, root page, captures of all user containers together, the
 * line, recovery. Its records are on the same disk as the manager's. What it decides is plain; memory, manager and disk are
 * the real ones.
 */
import {
  actorPorts,
  asCapref,
  asContainer,
  asFrame,
  asInterval,
  asOffset,
  asPageSet,
  asPosition,
  asToken,
  containerCalls,
  containerStates,
  diskCalls,
  managerDowncalls,
  managerRequests,
  managerUpcalls,
  pageSetCalls,
  refuse,
  retainedUpcalls,
  type ArgsOf,
  type ContainerSlot,
  type Frame,
  type ManagerBoot,
  type PortId,
  type RecordKind,
  type Reply,
  type StateInterval,
  type Token,
} from '@katydid/abi'
import { all, ask, later, type Ask, type Messenger, type Region } from '@katydid/actor'
import { Lcd, reclaim } from '@katydid/memory'

export const managerPort = actorPorts.firstManager
export const ownSlot = asContainer(0)
const sliceStride = 16384
const sessionStride = 1_000_000

export interface UserContainer {
  readonly slot: ContainerSlot
  token: Token
  interval: number
  /** Names of stable snapshots. */
  readonly stable: Set<number>
  /** A snapshot that was opened: this kernel keeps no record of it, so that every recovery closes it. */
  readonly opened: boolean
}

interface Capture {
  readonly id: number
  readonly labels: readonly (readonly [token: number, label: number])[]
  durable: boolean
}

export class StandInKernel {
  readonly region: Region
  readonly messenger: Messenger
  readonly containers: UserContainer[] = []
  readonly #pages: number
  readonly #ownPages: number
  readonly #free: Frame[] = []
  readonly #sets = new Map<number, { held: number; least: number }>()
  #nextSet = 1
  #session = 0
  #ownInterval = 0
  #rootFrame: Frame | null = null
  /** The root page as it was last made durable. */
  #root: { interval: StateInterval; bytes: Uint8Array } | null = null
  #captures: Capture[] = []
  line = 0
  #announcing = false
  #recovering = false
  #lastPosition = 0
  /** Replies to upcalls that should not have been refused. */
  readonly complaints: string[] = []
  /** Service levels that managers promised. */
  readonly promises: string[] = []
  /** How often the manager asked that a kept line be given up. */
  releases = 0
  /** So many snapshots of the manager itself are refused. */
  refusesOwn = 0
  /** Snapshots that the manager said it had discarded. */
  discarded = 0
  /** False: the line stays where it is, whatever becomes stable. */
  announces = true

  constructor(region: Region, messenger: Messenger, options: { pages: number; ownPages: number }) {
    this.region = region
    this.messenger = messenger
    this.#pages = options.pages
    this.#ownPages = options.ownPages
    const first = region.plan.firstFrame / region.plan.shape.pageBytes
    for (let i = 0; i < region.plan.shape.frames; i++) this.#free.push(asFrame(first + i))
    this.#publish()
    this.#makeTable(ownSlot, options.ownPages, 1, 1)
    this.#serve()
  }

  get freeFrames(): number {
    return this.#free.length
  }

  tableOf(slot: ContainerSlot): number {
    return this.region.plan.tables + 65536 + slot * sliceStride
  }

  /** What the manager's thread is given. */
  boot(): ManagerBoot {
    if (this.#root !== null && this.#rootFrame === null) this.#showRoot(this.#root.bytes)
    return {
      port: managerPort,
      self: asCapref(900),
      own: {
        capability: asCapref(1),
        slot: ownSlot,
        token: asToken(1),
        size: this.#ownPages * this.region.plan.shape.pageBytes,
        interval: asInterval(this.#ownInterval),
      },
      disk: actorPorts.disk,
      fresh: this.#root === null,
      rootPage: this.#root === null ? null : { offset: 0, stateInterval: this.#root.interval },
    }
  }

  /** A page table of its own over the container, in a slot that no container has. */
  makeOverlay(slot: ContainerSlot, over: UserContainer): void {
    this.#makeTable(slot, this.#pages, 0, over.token)
  }

  /** The place of a guest: a container of another machine, supplied here by the manager. */
  makeGuest(slot: ContainerSlot, token: Token): UserContainer {
    this.#makeTable(slot, this.#pages, 0, token)
    const guest = { slot, token, interval: 0, stable: new Set<number>(), opened: true }
    this.containers.push(guest)
    return guest
  }

  /** A new container under the manager; answers it once the manager has taken it on. */
  *adopt(): Generator<Ask, UserContainer, unknown> {
    const container = this.#create(false)
    const { slot } = container
    const reply = yield* ask(this.messenger, managerPort, managerRequests.manageRequest, {
      manager: '',
      cont: asCapref(100 + slot),
    })
    if (reply.status !== 'ok' || !reply.success) throw new Error('the manager did not take it on')
    return container
  }

  /** A new container under the manager that begins as a snapshot of another; the status when the manager refuses. */
  *take(
    source: Token,
    interval: number,
    writable: boolean,
  ): Generator<Ask, UserContainer | string, unknown> {
    const container = this.#create(!writable)
    const reply = yield* ask(this.messenger, managerPort, retainedUpcalls.retainedTake, {
      cont: asCapref(100 + container.slot),
      source,
      stateInterval: asInterval(interval),
      writable,
    })
    if (reply.status === 'ok') return container
    const at = this.containers.indexOf(container)
    if (at >= 0) this.containers.splice(at, 1)
    return reply.status
  }

  #create(opened: boolean): UserContainer {
    const used = new Set<number>(this.containers.map(({ slot }) => slot))
    let free = 1
    while (used.has(free)) free++
    const slot = asContainer(free)
    this.#makeTable(slot, this.#pages, 0, 0)
    const container = {
      slot,
      token: asToken(0),
      interval: this.#firstInterval(),
      stable: new Set<number>(),
      opened,
    }
    this.containers.push(container)
    return container
  }

  #bySlot(slot: number): UserContainer | undefined {
    return this.containers.find((each) => each.slot === slot)
  }

  /** Reads its records from the disk after the process was killed. Answers the captures found, newest first. */
  *restart(): Generator<Ask, void, unknown> {
    for (let cursor: number | null = 0; cursor !== null;) {
      const reply: Reply<(typeof diskCalls)['diskScan']> = yield* ask(
        this.messenger,
        actorPorts.disk,
        diskCalls.diskScan,
        { from: asPosition(0), cursor, limit: 100 },
      )
      if (reply.status !== 'ok') throw new Error(reply.detail)
      for (const { kind, content } of reply.records) this.#reread(kind, content)
      cursor = reply.next
    }
  }

  /** The recovery session: the newest capture all of whose containers are stable becomes the line. Answers its number. */
  *recover(): Generator<Ask, number, unknown> {
    // The line stands still: a manager must not fold what is about to be asked for.
    this.#recovering = true
    const line = yield* this.#chooseLine()
    this.#recovering = false
    this.#advance()
    return line
  }

  /** While the line stands captures between it and the newest are given up, and its record is written again. */
  giveUpBetween(): void {
    const newest = this.#captures.at(-1)
    this.#captures = this.#captures.filter((each) => each.id <= this.line || each === newest)
    const line = this.#captures.find(({ id }) => id === this.line)
    if (line !== undefined) this.#writeLine(line, () => {})
  }

  /** A part of the world goes back to a capture that is stable; the line stays where it is. */
  *goBack(id: number): Generator<Ask, void, unknown> {
    yield* this.open()
    yield* this.#rollBack(this.#captures.find((each) => each.id === id)!)
  }

  *#chooseLine(): Generator<Ask, number, unknown> {
    yield* this.open()
    for (const capture of this.#captures.toReversed()) {
      if (capture.id < this.line) break
      let stable = capture.durable
      for (const [token, label] of capture.labels) {
        const args = { cont: asToken(token), stateInterval: asInterval(label) }
        const reply = yield* ask(
          this.messenger,
          managerPort,
          managerUpcalls.stateIntervalQuery,
          args,
        )
        stable &&=
          reply.status === 'ok' && (reply.state === 'stable' || reply.state === 'recoverable')
      }
      if (!stable) continue
      this.line = capture.id
      this.#captures = this.#captures.filter((each) => each.id <= capture.id)
      yield* this.#rollBack(capture)
      return capture.id
    }
    this.line = 0
    this.#captures = []
    yield* this.#rollBack(null)
    return 0
  }

  /** Everything user containers' page tables show is taken out; loci are gone. */
  clearTables(): void {
    for (const { slot } of this.containers) reclaim.pageTable(this.region, slot)
  }

  /** The manager is dead: its own table, root page and page sets are taken back. Frames under transfer come later. */
  buryManager(): void {
    reclaim.pageTable(this.region, ownSlot)
    if (this.#rootFrame !== null) this.#free.push(this.#rootFrame)
    this.#rootFrame = null
    for (const set of this.#sets.keys()) {
      for (let i = 0; i < this.region.plan.shape.frames; i++) {
        const frame = asFrame(this.region.plan.firstFrame / this.region.plan.shape.pageBytes + i)
        const owner = this.region.frameWord(frame, 'owner')
        if (this.region.words.load(owner) !== set) continue
        this.region.words.store(owner, 0)
        this.#free.push(frame)
      }
    }
    this.#sets.clear()
    this.#publish()
  }

  /** Captures every user container; all loci are at rest. Answers the capture's number, or 0 when a manager refused. */
  *capture(id: number): Generator<Ask, boolean, unknown> {
    const captured = this.containers.filter(({ opened, token }) => !opened && token !== 0)
    const cut = captured.map((container) => {
      const label = container.interval++
      const word = this.region.containerWord(container.slot, 'capture')
      this.region.words.store(word, (this.region.words.load(word) + 1) % 512)
      return { container, label }
    })
    const replies = yield* all(
      this.messenger,
      cut.map(({ container, label }) =>
        ask(this.messenger, managerPort, managerUpcalls.containerSnapshot, {
          cont: container.token,
          stateInterval: asInterval(label),
        }),
      ),
    )
    if (replies.some(({ status }) => status !== 'ok')) return false
    const capture: Capture = {
      id,
      labels: cut.map(({ container, label }) => [container.token, label] as const),
      durable: false,
    }
    this.#captures.push(capture)
    this.#write('capture', { ...capture, durable: true }, () => {
      capture.durable = true
      this.#advance()
    })
    return true
  }

  #advance(): void {
    const ready = this.#captures.filter(
      ({ id, durable, labels }) =>
        id > this.line &&
        durable &&
        labels.every(([token, label]) =>
          this.containers.some((each) => each.token === token && each.stable.has(label)),
        ),
    )
    const capture = ready.at(-1)
    if (!this.announces) return
    if (capture === undefined || this.#recovering || this.#announcing || this.#root === null) return
    this.#announcing = true
    this.#writeLine(capture, () => {
      this.#announcing = false
      if (this.#recovering || !this.#captures.includes(capture)) return
      this.line = capture.id
      this.#captures = this.#captures.filter((each) => each.id >= capture.id)
      for (const [token, label] of capture.labels) {
        const args = { cont: asToken(token), stateInterval: asInterval(label) }
        this.messenger.call(managerPort, managerUpcalls.snapshotIsRecoverable, args, (reply) => {
          if (reply.status !== 'ok' && reply.status !== 'actor_gone')
            this.complaints.push(`snapshot_is_recoverable: ${reply.status} ${reply.detail}`)
        })
      }
      this.#advance()
    })
  }

  *#rollBack(capture: Capture | null): Generator<Ask, void, unknown> {
    for (const { opened, token } of this.containers.slice())
      if (opened || token === 0)
        this.destroy(this.containers.findIndex((each) => each.token === token))
    for (const container of this.containers) {
      const found = capture?.labels.find(([token]) => token === container.token)
      const line = this.#captures.find((each) => each.id === this.line)
      const onLine = line?.labels.find(([token]) => token === container.token)
      container.interval = this.#firstInterval()
      container.stable.clear()
      if (found !== undefined) container.stable.add(found[1])
      const word = this.region.containerWord(container.slot, 'capture')
      this.region.words.store(word, (this.region.words.load(word) + 1) % 512)
      const args = {
        cont: container.token,
        stateInterval: asInterval(found?.[1] ?? 0),
        open: asInterval(container.interval),
        recoverable: asInterval(onLine?.[1] ?? found?.[1] ?? 0),
        capability: asCapref(100 + container.slot),
        slot: container.slot as number,
        size: this.#pages * this.region.plan.shape.pageBytes,
      }
      const reply = yield* ask(this.messenger, managerPort, managerUpcalls.contRollback, args)
      if (reply.status !== 'ok')
        this.complaints.push(`cont_rollback: ${reply.status} ${reply.detail}`)
      const again = yield* ask(this.messenger, managerPort, managerUpcalls.contRollback, args)
      if (again.status !== 'ok') this.complaints.push(`cont_rollback again: ${again.status}`)
    }
  }

  #firstInterval(): number {
    return this.#session * sessionStride + 1
  }

  #reread(kind: RecordKind, content: Uint8Array): void {
    const record = JSON.parse(Buffer.from(content).toString()) as Record<string, unknown>
    if (kind === 'capture') {
      const capture = record as unknown as Capture
      const others = this.#captures.filter(({ id }) => id !== capture.id)
      this.#captures = [...others, capture].sort((a, b) => a.id - b.id)
    } else if (kind === 'line') this.line = record['id'] as number
    else if (kind === 'root_page') {
      const interval = asInterval(record['interval'] as number)
      // One written again with a line may stand behind a newer one that was under way then.
      if (this.#root !== null && this.#root.interval > interval) return
      this.#root = { interval, bytes: Buffer.from(record['bytes'] as string, 'base64') }
      this.#ownInterval = interval + 1000
    } else this.#session = record['session'] as number
    const newest = this.#captures.at(-1)
    if (kind !== 'capture' || newest === undefined || newest.id !== record['id']) return
    this.containers.length = 0
    for (const [token] of newest.labels) {
      const slot = asContainer(this.containers.length + 1)
      this.#makeTable(slot, this.#pages, 0, token)
      this.containers.push({
        slot,
        token: asToken(token),
        interval: 0,
        stable: new Set(),
        opened: false,
      })
    }
  }

  /** The line with all that a restart needs besides; the log before it is given up. */
  #writeLine(capture: Capture, onDurable: () => void): void {
    const root = this.#root!
    const record = (kind: RecordKind, value: object) => ({
      kind,
      content: new Uint8Array(Buffer.from(JSON.stringify(value))),
    })
    const records = [
      record('note', { session: this.#session }),
      record('root_page', { ...root, bytes: Buffer.from(root.bytes).toString('base64') }),
      ...this.#captures
        .filter(({ id, durable }) => durable && id >= capture.id)
        .map((each) => record('capture', each)),
      record('line', { id: capture.id }),
    ]
    const from = asPosition(this.#lastPosition + 1)
    const { disk } = actorPorts
    const args = { pages: [], records, barrier: true }
    this.messenger.call(disk, diskCalls.diskWrite, args, (reply) => {
      if (reply.status !== 'ok') return
      this.#lastPosition = reply.position
      this.messenger.call(disk, diskCalls.diskTrim, { from }, () => {})
      onDurable()
    })
  }

  #write(kind: RecordKind, record: object, onDurable: () => void): void {
    const content = new Uint8Array(Buffer.from(JSON.stringify(record)))
    const args = { pages: [], records: [{ kind, content }], barrier: true }
    this.messenger.call(actorPorts.disk, diskCalls.diskWrite, args, (reply) => {
      if (reply.status !== 'ok') return
      this.#lastPosition = Math.max(this.#lastPosition, reply.position)
      onDurable()
    })
  }

  /** A session begins: its number is durable before anything is written under it. */
  *open(): Generator<Ask, void, unknown> {
    this.#session++
    const content = new Uint8Array(Buffer.from(JSON.stringify({ session: this.#session })))
    const records = [{ kind: 'note' as const, content }]
    yield* ask(this.messenger, actorPorts.disk, diskCalls.diskWrite, {
      pages: [],
      records,
      barrier: true,
    })
    if (this.#ownInterval === 0) this.#ownInterval = 1
  }

  #makeTable(slot: ContainerSlot, pages: number, selfManaged: number, token: number): void {
    const { region } = this
    const directory = region.plan.tables + slot * 64
    region.words.store(directory >> 2, this.tableOf(slot))
    const set = (field: Parameters<Region['containerWord']>[1], value: number): void =>
      region.words.store(region.containerWord(slot, field), value)
    region.f64[region.containerWord(slot, 'size') >> 1] = pages * region.plan.shape.pageBytes
    set('directory', directory)
    set('slabs', 1)
    set('selfManaged', selfManaged)
    set('manager', managerPort)
    set('token', token)
    set('state', containerStates.live)
  }

  #showRoot(bytes: Uint8Array | null): void {
    const frame = this.#take(1, 0)[0]!
    const into = this.region.frameBytes(frame)
    if (bytes === null) into.fill(0)
    else into.set(bytes)
    this.#rootFrame = frame
    const lcd = Lcd.open(this.region, {
      container: ownSlot,
      manager: managerPort,
      pageSet: asPageSet(0),
    })
    lcd.install([{ offset: 0, frame, access: 'write' }])
  }

  #take(count: number, owner: number): Frame[] {
    const idle = this.#free.filter(
      (frame) => this.region.words.load(this.region.frameWord(frame, 'transfer')) === 0,
    )
    const taken = idle.slice(0, count)
    for (const frame of taken) {
      this.#free.splice(this.#free.indexOf(frame), 1)
      this.region.words.store(this.region.frameWord(frame, 'owner'), owner)
    }
    this.#publish()
    return taken
  }

  #publish(): void {
    this.region.words.store(this.region.machineWord('freeFrames'), this.#free.length)
  }

  /** The end of a container is recoverable: its manager is told, then its table is cleared. */
  destroy(index: number): void {
    const [container] = this.containers.splice(index, 1)
    const args = { cont: container!.token }
    this.messenger.call(managerPort, managerUpcalls.containerDestroyed, args, (reply) => {
      if (reply.status !== 'ok') this.complaints.push(`container_destroyed: ${reply.status}`)
      const left = reclaim.pageTable(this.region, container!.slot)
      if (left > 0) this.complaints.push(`${left} pages were still shown`)
    })
  }

  /** The kernel wants frames of the manager's set back. */
  askBack(pageCount: number): void {
    const [pageset] = [...this.#sets]
      .filter(([, set]) => set.held > set.least)
      .map(([id]) => id)
      .slice(-1)
    if (pageset === undefined) return
    const args = { pageset: asPageSet(pageset), pageCount }
    this.messenger.call(managerPort, managerUpcalls.pageDiscard, args, () => {})
  }

  #serve(): void {
    this.messenger.serve(pageSetCalls, {
      pageSetCreate: ({ least }) => {
        const id = this.#nextSet++
        this.#sets.set(id, { held: 0, least })
        return { status: 'ok', pageset: asPageSet(id) }
      },
      pageSetAdd: ({ pageset, pageCount }) => {
        const frames = this.#take(pageCount, pageset)
        if (frames.length === 0) return refuse('no_frames', 'every frame is taken')
        this.#sets.get(pageset)!.held += frames.length
        return { status: 'ok', frames }
      },
      pageSetRemove: ({ pageset, frames }) => {
        for (const frame of frames) {
          const idle =
            this.region.words.load(this.region.frameWord(frame, 'entry')) === 0 &&
            this.region.words.load(this.region.frameWord(frame, 'transfer')) === 0
          if (!idle) return refuse('bad_argument', `frame ${frame} is in use`)
        }
        for (const frame of frames) {
          this.region.words.store(this.region.frameWord(frame, 'owner'), 0)
          this.#free.push(frame)
        }
        this.#sets.get(pageset)!.held -= frames.length
        this.#publish()
        return { status: 'ok' }
      },
      pageSetSize: ({ pageset }) => ({ status: 'ok', frames: this.#sets.get(pageset)!.held }),
    })
    this.messenger.serveSome(containerCalls, {
      windowOpen: () => ({
        status: 'ok',
        table: this.tableOf(ownSlot),
        slot: ownSlot as number,
        writable: true,
        origin: 0,
        length: 0,
      }),
    })
    this.messenger.serveSome(managerDowncalls, {
      mapRootPage: () => {
        if (this.#rootFrame === null) this.#showRoot(null)
        return { status: 'ok' }
      },
      getRootPage: () => ({
        status: 'ok',
        addr: asOffset(0),
        stable: this.#root?.interval ?? null,
      }),
      setManager: ({ cont, contId }) => {
        const container = this.#bySlot(cont - 100)
        // In a recovery every container that the line does not hold is gone.
        if (container === undefined || this.#recovering)
          return refuse('entity_gone', 'the container is gone')
        container.token = contId
        this.region.words.store(this.region.containerWord(container.slot, 'token'), contId)
        const size = this.#pages * this.region.plan.shape.pageBytes
        return {
          status: 'ok',
          slot: container.slot,
          size,
          stateInterval: asInterval(container.interval),
        }
      },
      qualityOfService: ({ serviceLevel }) => {
        this.promises.push(serviceLevel)
        return { status: 'ok' }
      },
      snapshotDiscard: () => {
        this.discarded++
        return { status: 'ok' }
      },
      snapshotRequest: ({ cont }, call) => {
        // Snapshots of users' containers are the test's to take.
        if (cont !== 1) return refuse('busy', 'the loci do not come to rest')
        if (this.refusesOwn > 0) {
          this.refusesOwn--
          return refuse('manager_failed', 'the world is going back to its line')
        }
        const stateInterval = asInterval(this.#ownInterval++)
        const args = { cont: asToken(1), stateInterval }
        this.messenger.call(managerPort, managerUpcalls.containerSnapshot, args, (reply) =>
          call.reply(
            reply.status === 'ok'
              ? { status: 'ok', stateInterval }
              : refuse('manager_failed', reply.detail),
          ),
        )
        return later
      },
      stateIntervalStable: (args, call) => this.#stable(args, call),
      lineRelease: () => {
        this.releases++
        return { status: 'ok' }
      },
    })
  }

  #stable(
    args: ArgsOf<(typeof managerDowncalls)['stateIntervalStable']>,
    call: { readonly from: PortId; reply(answer: { status: 'ok' }): void },
  ): { status: 'ok' } | typeof later {
    if (args.cont !== 1) {
      this.#bySlot(args.cont - 100)?.stable.add(args.stateInterval)
      this.#advance()
      return { status: 'ok' }
    }
    const bytes = Uint8Array.from(this.region.frameBytes(this.#rootFrame!))
    const interval = args.stateInterval
    this.#write('root_page', { interval, bytes: Buffer.from(bytes).toString('base64') }, () => {
      this.#root = { interval, bytes }
      this.#advance()
      call.reply({ status: 'ok' })
    })
    return later
  }
}
