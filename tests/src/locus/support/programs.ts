/** Programs of the tests, one an export. */
import {
  AccessError,
  type Window,
  encodeBlock,
  Heap,
  LocusError,
  Mutex,
  SharedMap,
  type Locus,
  type Transaction,
} from '@katydid/locus'
import type { Capref } from '@katydid/abi'

/** What a call that must refuse says. */
function statusOf(body: () => unknown): string {
  try {
    body()
    return 'ok'
  } catch (error) {
    if (error instanceof LocusError || error instanceof AccessError) return error.status
    throw error
  }
}

export function echo(locus: Locus): unknown {
  return { argument: locus.argument(), name: locus.name, resumed: locus.resumed, size: locus.size }
}

export function bytes(locus: Locus): Uint8Array {
  locus.args[0] = 99
  return locus.args
}

export function nothing(): void {}

export function text(): string {
  return 'grüße'
}

export function large(): Uint8Array {
  return new Uint8Array(32 * 1024 + 1)
}

export function callback(): unknown {
  return () => 1
}

export async function promise(): Promise<number> {
  await Promise.resolve()
  throw new Error('nobody hears this')
}

export function thrower(): void {
  throw new TypeError('the program says no')
}

export const number = 5

export function registers(locus: Locus): unknown {
  const before = locus.registers.getNumber(3)
  locus.registers.setNumber(3, before + 0.5)
  locus.registers.setBigInt(31, -(2n ** 63n))
  return [
    before,
    locus.registers.getNumber(3),
    String(locus.registers.getBigInt(31)),
    statusOf(() => locus.registers.getNumber(32)),
    statusOf(() => locus.registers.setNumber(-1, 1)),
    statusOf(() => locus.registers.setNumber(1.5, 1)),
  ]
}

export function windows(locus: Locus): unknown {
  const all = locus.window()
  const part = locus.window(8192, 4096)
  part.setInt32(0, 1234)
  return {
    through: all.getInt32(8192),
    length: all.length,
    base: part.base,
    misaligned: statusOf(() => locus.window(12, 4096)),
    odd: statusOf(() => locus.window(0, 4095)),
    beyond: statusOf(() => locus.window(0, locus.size + 4096)),
    outside: statusOf(() => part.getInt32(4096)),
    unaligned: statusOf(() => part.getInt32(2)),
  }
}

export function logs(locus: Locus): void {
  locus.log('first')
  locus.log('second')
}

/** Counts in register 0 and in its container, with a safepoint a round, until told to stop by word 1. */
export function rounds(locus: Locus): unknown {
  const window = locus.window()
  const from = locus.registers.getNumber(0)
  let round = from
  while (window.getInt32(4) === 0) {
    window.setInt32(0, window.getInt32(0) + 1)
    round++
    locus.registers.setNumber(0, round)
    locus.safepoint()
  }
  return { from, round, word: window.getInt32(0) }
}

export function endlessQuiet(locus: Locus): void {
  const window = locus.window()
  window.setInt32(0, 1)
  locus.outside(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000))
  window.setInt32(0, 2)
}

export function held(locus: Locus): unknown {
  const window = locus.window()
  const lock = new Mutex(locus, window, 64)
  const self = locus.container
  const whileViewed: string[] = []
  window.eachPage(0, 8, 'read', () => {
    whileViewed.push(
      statusOf(() => locus.safepoint()),
      statusOf(() => locus.wait(window, 0, 0, 1)),
      statusOf(() => locus.invoke(self)),
      statusOf(() => locus.snapshot()),
      statusOf(() => locus.outside(() => 1)),
    )
  })
  const whileLocked = lock.with(() => [
    statusOf(() => locus.safepoint()),
    statusOf(() => locus.wait(window, 0, 0, 1)),
    statusOf(() => locus.invoke(self)),
    statusOf(() => locus.snapshot()),
  ])
  return { whileViewed, whileLocked, after: statusOf(() => locus.safepoint()) }
}

export function returnsLocked(locus: Locus): void {
  new Mutex(locus, locus.window(), 64).lock()
}

/** Waits on word 0 for a change from 0, with word 8 as its sign that it is about to. */
export function waiter(locus: Locus): unknown {
  const window = locus.window()
  window.add(8, 1)
  const first = locus.wait(window, 0, 0)
  return { first, word: window.atomicLoad(0), register: locus.registers.getNumber(0) }
}

export function notifier(locus: Locus): unknown {
  const window = locus.window()
  window.atomicStore(0, 1)
  return locus.notify(window, 0, locus.argument<number>())
}

export function waits(locus: Locus): unknown {
  const window = locus.window()
  const before = performance.now()
  const timedOut = locus.wait(window, 0, 0, 30)
  return {
    notEqual: locus.wait(window, 0, 5, 1000),
    timedOut,
    tookMs: performance.now() - before,
    nobody: locus.notify(window, 0, 10),
    misaligned: statusOf(() => locus.wait(window, 2, 0, 1)),
    outside: statusOf(() => locus.notify(window, window.length)),
    negative: statusOf(() => locus.wait(window, 0, 0, -1)),
  }
}

/** Two loci pass a token: word 0 holds whose turn it is, and nobody sleeps through its turn. */
export function tennis(locus: Locus): unknown {
  const window = locus.window()
  const { me, rounds: total } = locus.argument<{ me: number; rounds: number }>()
  let naps = 0
  for (let round = 0; round < total; round++) {
    for (;;) {
      const turn = window.atomicLoad(0)
      if (turn === me) break
      if (locus.wait(window, 0, turn, 20_000) === 'timed_out') return 'lost a wake-up'
      naps++
    }
    window.setInt32(4, window.getInt32(4) + 1)
    // A plain store: notify must not overtake it.
    window.setInt32(0, 1 - me)
    locus.notify(window, 0)
  }
  return naps
}

export function outsider(locus: Locus): unknown {
  const window = locus.window()
  const inside = locus.outside(() => [
    statusOf(() => window.getInt32(0)),
    statusOf(() => window.setInt32(0, 1)),
    statusOf(() => locus.safepoint()),
    statusOf(() => locus.window()),
    statusOf(() => locus.outside(() => 1)),
  ])
  window.setInt32(0, 17)
  return {
    inside,
    promise: statusOf(() => locus.outside(async () => Promise.reject(new Error('unheard')))),
    passedOn: statusOfThrown(() =>
      locus.outside(() => {
        throw new RangeError('from outside')
      }),
    ),
    after: window.getInt32(0),
  }
}

function statusOfThrown(body: () => unknown): string {
  try {
    body()
    return 'ok'
  } catch (error) {
    return String(error)
  }
}

/** Invokes the Caprefs it is given and reports what came of each. */
export function invoker(locus: Locus): unknown {
  const { caprefs, block } = locus.argument<{ caprefs: Capref[]; block: number[] }>()
  const window = locus.window()
  window.setInt32(0, 111)
  const argument = Uint8Array.from(block)
  const results = caprefs.map((capref) => {
    try {
      return [...locus.invoke(capref, argument)]
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  })
  return {
    results,
    word: window.getInt32(0),
    argument: [...argument],
    safe: statusOf(() => locus.safepoint()),
  }
}

let kept: Locus | null = null

/** Writes into its own container and keeps its locus, which must not work later. */
export function invoked(locus: Locus): Uint8Array {
  const stale = kept === null ? 'first' : statusOf(() => kept!.window())
  kept = locus
  const window = locus.window()
  window.setInt32(0, window.getInt32(0) + 1)
  locus.registers.setNumber(0, 77)
  locus.safepoint()
  const snapshot = statusOf(() => locus.snapshot())
  return encodeBlock([window.getInt32(0), [...locus.args], stale, snapshot, locus.size])
}

export function passesBytes(locus: Locus): Uint8Array {
  locus.args[0] = 200
  return locus.args
}

/** Invokes until the answer is another one, and says both. */
export function repeatInvoker(locus: Locus): unknown {
  const capref = locus.argument<Capref>()
  const window = locus.window()
  const first = [...locus.invoke(capref)]
  window.atomicStore(0, 1)
  for (let round = 0; round < 500; round++) {
    const later = [...locus.invoke(capref)]
    if (later.length !== first.length) return [first.length, later.length]
    locus.wait(window, 0, 1, 10)
  }
  return 'never changed'
}

export function two(): Uint8Array {
  return new Uint8Array(2)
}

export function recursive(locus: Locus): Uint8Array {
  const [capref, left] = locus.argument<[Capref, number]>()
  const window = locus.window()
  window.setInt32(4, window.getInt32(4) + 1)
  if (left === 0) return encodeBlock([window.getInt32(4)])
  const deeper = locus.invoke(capref, encodeBlock([capref, left - 1]))
  window.setInt32(8, window.getInt32(8) + 1)
  return deeper
}

export function lockKeeper(locus: Locus): void {
  new Mutex(locus, locus.window(), 64).lock()
  throw new Error('with a lock held')
}

export function snapshots(locus: Locus): unknown {
  const window = locus.window()
  locus.registers.setNumber(5, 55)
  window.setInt32(0, 1)
  const first = locus.snapshot()
  window.setInt32(0, 2)
  return [first, locus.snapshot(), window.getInt32(0)]
}

/** Adds to shared counters through one map, many loci at once. */
export function mapCounter(locus: Locus): unknown {
  const {
    keys,
    rounds: total,
    seed,
  } = locus.argument<{
    keys: number
    rounds: number
    seed: number
  }>()
  const map = SharedMap.open(Heap.open(locus, locus.window()))
  let state = seed
  for (let i = 0; i < total; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    const key = `key ${(state >>> 8) % keys}`
    if (i % 4 === 3)
      map.update(key, (before) => {
        const words =
          before === undefined ? new Int32Array(2) : new Int32Array(before.slice().buffer)
        words[0]! += 1
        words[1]! += 3
        return new Uint8Array(words.buffer)
      })
    else map.addWords(key, [1, 3])
    if (i % 16 === 0) locus.safepoint()
  }
  return map.size
}

/** Puts, reads back and deletes keys of its own in the common map, with values that grow. */
export function mapChurner(locus: Locus): unknown {
  const { me, rounds: total } = locus.argument<{ me: number; rounds: number }>()
  const map = SharedMap.open(Heap.open(locus, locus.window()))
  let wrong = 0
  for (let i = 0; i < total; i++) {
    const key = `churn ${me} ${i % 50}`
    const value = new Uint8Array((i * 7) % 300).fill(i)
    map.set(key, value)
    const read = map.get(key)
    if (read === undefined || Buffer.compare(read, value) !== 0) wrong++
    if (i % 3 === 0 && !map.delete(key)) wrong++
    locus.safepoint()
  }
  for (let i = 0; i < 50; i++) map.delete(`churn ${me} ${i}`)
  return wrong
}

export function mapTotals(locus: Locus): unknown {
  const heap = Heap.open(locus, locus.window())
  const map = SharedMap.open(heap)
  let first = 0
  let second = 0
  let keys = 0
  for (const [, value] of map.entries()) {
    const words = new Int32Array(value.slice().buffer)
    first += words[0]!
    second += words[1]!
    keys++
  }
  return { first, second, keys, size: map.size }
}

/** Raises a plain word under a lock, many loci at once. */
export function locker(locus: Locus): number {
  const window = locus.window()
  const lock = new Mutex(locus, window, 64)
  const total = locus.argument<number>()
  for (let i = 0; i < total; i++) {
    lock.with(() => window.setInt32(128, window.getInt32(128) + 1))
    locus.safepoint()
  }
  return window.getInt32(128)
}

/** Allocates and frees, many loci at once; every block carries its owner's mark while it lives. */
export function allocator(locus: Locus): unknown {
  const window = locus.window()
  const heap = Heap.open(locus, window)
  const { me, rounds: total } = locus.argument<{ me: number; rounds: number }>()
  const live: { at: number; length: number }[] = []
  let wrong = 0
  let state = me * 7919 + 1
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return ((state >>> 8) % below) | 0
  }
  for (let i = 0; i < total; i++) {
    if (live.length < 20) {
      const length = 4 + random(600)
      const at = heap.alloc(length)
      window.fill(at, length, me)
      live.push({ at, length })
    } else {
      const [block] = live.splice(random(live.length), 1)
      if (window.getBytes(block!.at, block!.length).some((byte) => byte !== me)) wrong++
      heap.free(block!.at)
    }
    locus.safepoint()
  }
  for (const { at } of live) heap.free(at)
  return { wrong, blocks: heap.stats().blocks }
}

/** Takes from a semaphore twice, with its register as its sign of how far it is. */
export function taker(locus: Locus): unknown {
  const first = locus.semaphoreP(1 as Capref)
  locus.registers.setNumber(0, 1)
  const second = locus.semaphoreP(1 as Capref, 1000)
  return [first, second]
}

export function endless(locus: Locus): void {
  const window = locus.window()
  for (;;) window.setInt32(0, window.getInt32(0) + 1)
}

/** Counts in what is mapped at `at`, with a safepoint a round, until its own word 4 says that it is enough. */
/** One transaction on container 1; says what it met, how often its body ran, and what its registers hold. */
export function transacts(locus: Locus): unknown {
  const { fails, retries, cont } = locus.argument<{
    fails: boolean
    retries: number
    cont: Capref
  }>()
  let entered = 0
  const body = (transaction: Transaction): number => {
    entered++
    transaction.registers.setNumber(0, transaction.registers.getNumber(0) + 1)
    transaction.window().setInt32(0, entered)
    if (fails) throw new Error('it fails')
    return entered
  }
  const options = { durable: 'volatile', retries } as const
  const met = statusOfThrown(() => locus.transaction(cont, body, options))
  return { met, entered, register: locus.registers.getNumber(0) }
}

export function mappedRounds(locus: Locus): unknown {
  const { at, write } = locus.argument<{ at: number; write: boolean }>()
  const own = locus.window(0, 4096)
  const window = locus.window(at, 4096)
  const refused = statusOf(() => window.setInt32(0, 1))
  let round = 0
  while (own.getInt32(4) === 0) {
    if (write) window.setInt32(8, window.getInt32(8) + 1)
    else own.setInt32(8, window.getInt32(8) + 1)
    locus.registers.setNumber(0, ++round)
    locus.safepoint()
  }
  return { refused, round }
}

/** Whether a window that is asked for again is the one that was there, of its own pages and of what is mapped. */
export function reopens(locus: Locus): unknown {
  const { at } = locus.argument<{ at: number }>()
  const bounds = [
    [0, 4096],
    [4096, 4096],
    [at, 4096],
    [0, 0],
  ] as const
  const open = ([base, length]: readonly [number, number]): Window =>
    length === 0 ? locus.window(base) : locus.window(base, length)
  const first = bounds.map(open)
  first[0]!.setInt32(0, 1)
  const again = bounds.map(open)
  return { same: again.map((each, i) => each === first[i]), distinct: new Set(first).size }
}
