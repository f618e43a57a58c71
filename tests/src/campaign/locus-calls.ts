/**
 * What loci of a campaign ask besides accesses: semaphores and containers of their own, the past of the container they are in, and invocations of others,
 * also such as wait until no crash can undo the answer.
 */
import {
  capabilityCalls,
  containerCalls,
  hereCapref,
  locusCalls,
  managerRequests,
  semaphoreCalls,
  snapshotCalls,
  type Capref,
  type ContainerSlot,
} from '@katydid/abi'
import type { SimLocus } from './sim-locus.js'

type Steps = Generator<'step' | number | (() => boolean), void, void>

const pageBytes = 4096
/** Containers in which others invoke: their managers keep what they hold. */
const invocable = ['a', 'b', 'c', 'd', 'f', 'g']

/** A semaphore of its own: what is signalled can be taken, and no more; then it is gone. */
export function* semaphores(locus: SimLocus): Steps {
  const initial = locus.random.below(3)
  const made = yield* locus.call(semaphoreCalls.semaphoreCreate, { initial })
  if (made.status === 'no_resource') return
  locus.expect('semaphore_create', made.status, 'ok')
  if (made.status !== 'ok') return
  const { sem } = made
  const n = 1 + locus.random.below(2)
  const signalled = yield* locus.call(semaphoreCalls.semaphoreV, { sem, n })
  locus.expect('semaphore_v', signalled.status, 'ok')
  for (let count = initial + n; count >= 0; count--) {
    const taken = yield* locus.call(semaphoreCalls.semaphoreP, { sem, timeoutMs: 0 })
    locus.expect('semaphore_p', taken.status, count > 0 ? 'ok' : 'timed_out')
  }
  const ended = yield* locus.call(semaphoreCalls.semaphoreDestroy, { sem })
  locus.expect('semaphore_destroy', ended.status, 'ok')
  const gone = yield* locus.call(semaphoreCalls.semaphoreV, { sem, n })
  locus.expect('semaphore_v of what is gone', gone.status, 'entity_gone')
  yield* removed(locus, sem)
}

/** A container of its own, which a manager takes on, or which shows a snapshot of the one it is in; then it is destroyed. */
export function* ownContainer(locus: SimLocus): Steps {
  const home = locus.world.model.containers.get(locus.container)!
  const made = yield* locus.call(containerCalls.containerCreate, { size: home.size, name: '' })
  if (made.status === 'no_resource') return
  locus.expect('container_create', made.status, 'ok')
  if (made.status !== 'ok') return
  const { cont } = made
  if (locus.random.chance(0.5)) {
    const adopted = yield* locus.call(managerRequests.manageRequest, { cont, manager: '' })
    if (adopted.status !== 'ok') managerFailed(locus, 'manage_request', adopted.status)
  } else yield* past(locus, cont)
  const ended = yield* locus.call(containerCalls.containerDestroy, { cont })
  locus.expect('container_destroy', ended.status, 'ok')
  yield* removed(locus, cont)
}

function* past(locus: SimLocus, cont: Capref): Steps {
  const listed = yield* locus.call(snapshotCalls.snapshotList, { cont: hereCapref })
  if (listed.status !== 'ok') {
    managerFailed(locus, 'snapshot_list', listed.status)
    return
  }
  const chosen = listed.snapshots[locus.random.below(Math.max(1, listed.snapshots.length))]
  if (chosen === undefined) return
  const args = { cont, source: hereCapref, stateInterval: chosen.stateInterval }
  const begun = locus.random.chance(0.5)
    ? yield* locus.call(snapshotCalls.snapshotOpen, args)
    : yield* locus.call(snapshotCalls.snapshotFork, args)
  if (begun.status !== 'ok') managerFailed(locus, 'snapshot_open or _fork', begun.status)
}

/** What a manager may say that is cleaning, was killed, or keeps nothing. */
function managerFailed(locus: SimLocus, what: string, status: string): void {
  const passing = ['no_such_interval', 'busy', 'frozen', 'no_resource', 'not_supported']
  if (passing.includes(status) || locus.world.isShaken) return
  locus.problem(`${what}: ${status}`)
}

function* removed(locus: SimLocus, cap: Capref): Steps {
  const { status } = yield* locus.call(capabilityCalls.capRemove, { cap })
  locus.expect('cap_remove', status, 'ok')
}

/** Another container, and its slot; null when there is none to be invoked. */
function chosenFor(locus: SimLocus): { name: string; slot: ContainerSlot } | null {
  const { model, kernel } = locus.world
  const names = invocable.filter((name) => {
    const known = model.containers.get(name)
    return name !== locus.container && known?.adopted === true && !known.isVolatile
  })
  const name = names[locus.random.below(Math.max(1, names.length))]
  const container = name === undefined ? null : kernel.machine.containers.named(name)
  return name === undefined || container === null ? null : { name, slot: container.slot }
}

/** Loads and stores in another container, as its program would. */
export function* invocation(locus: SimLocus): Steps {
  const chosen = chosenFor(locus)
  if (chosen !== null) yield* invoke(locus, chosen)
}

/** Does something in the container, as its program would. */
export function* invokeNamed(locus: SimLocus, name: string, body: () => Steps): Steps {
  const slot = locus.world.kernel.machine.containers.named(name)?.slot
  if (slot === undefined || name === locus.container) return
  yield* within(locus, { name, slot }, body)
  locus.world.saw('invoke', 'ok')
}

function within(
  locus: SimLocus,
  { name, slot }: { readonly name: string; readonly slot: ContainerSlot },
  body: () => Steps,
): Steps {
  return locus.invoke(name, slot, function* () {
    // It may have been destroyed, and its name given again, while the locus stood outside.
    const { model, kernel } = locus.world
    const isThere = kernel.machine.containers.named(name)?.slot === slot
    if (isThere && model.containers.has(name)) yield* body()
  })
}

function* invoke(
  locus: SimLocus,
  chosen: { readonly name: string; readonly slot: ContainerSlot },
): Steps {
  yield* within(locus, chosen, function* () {
    for (let nth = locus.random.below(4); nth >= 0; nth--) {
      const offset = locus.random.below(8) * pageBytes + 4 * locus.random.below(3)
      if (locus.random.chance(0.5)) yield* locus.load(offset)
      else yield* locus.store(offset, locus.random.next() | 0)
    }
  })
  locus.world.saw('invoke', 'ok')
}

/**
 * An invocation whose answer is saved and waited for. Entered again the locus gets the answer that was saved, and invokes nothing: it
 * says which deed it is of.
 */
export function* durableInvocation(locus: SimLocus): Steps {
  const { region, slot, held } = locus
  const over = region.locusWord(slot, 'durableCalls')
  const number = region.words.load(over) + 1
  const deed = Number(locus.model.registers[0]!)
  if (held === null) {
    const chosen = chosenFor(locus)
    if (chosen === null) return
    yield* invoke(locus, chosen)
    const args = { number, asked: deed, block: Uint8Array.of(deed) }
    const reply = yield* locus.call(locusCalls.locusAnswered, args)
    locus.expect('locus_answered', reply.status, 'ok')
  } else {
    const is = `${held.asked} ${held.block.join()}`
    if (is !== `${deed} ${deed & 0xff}`)
      locus.problem(`the answer held is ${is}, not of deed ${deed}`)
    locus.held = null
    locus.world.saw('invoke held', 'ok')
  }
  const { status, detail } = failing(yield* locus.call(locusCalls.locusStabilise, {}, true))
  region.words.store(over, number)
  const passing = ['ok', 'busy', 'frozen']
  if (!passing.includes(status) && !locus.world.isShaken)
    locus.problem(`locus_stabilise of a durable invoke: ${status}, ${detail}`)
}

const failing = (reply: object): { status: string; detail: string } => ({
  status: 'ok',
  detail: '',
  ...reply,
})
