import { LocusError, Mutex } from '@katydid/locus'
import test from 'ava'
import { LoneHolder, PlainMemory } from './support/plain.js'

function attempt(body: () => unknown): string {
  try {
    body()
    return 'ok'
  } catch (error) {
    if (error instanceof LocusError) return error.status
    throw error
  }
}

test('[LO42] a lock is not taken twice, nor released by who does not hold it', (t) => {
  const memory = new PlainMemory(64)
  const first = new Mutex(new LoneHolder(1), memory, 8)
  const second = new Mutex(new LoneHolder(2), memory, 8)
  first.lock()

  const answers = [
    attempt(() => first.lock()),
    attempt(() => second.unlock()),
    String(second.tryLock()),
    attempt(() => first.unlock()),
    attempt(() => first.unlock()),
    String(second.tryLock()),
  ]

  t.deepEqual(answers, ['lock_held', 'bad_argument', 'false', 'ok', 'bad_argument', 'true'])
})

test('[LO42] with releases the lock, also when its function throws', (t) => {
  const memory = new PlainMemory(64)
  const holder = new LoneHolder()
  const lock = new Mutex(holder, memory, 8)

  const answer = lock.with(() => holder.held)
  t.throws(() =>
    lock.with(() => {
      throw new Error('inside')
    }),
  )

  t.is(answer, 1)
  t.is(holder.held, 0)
  t.is(memory.getInt32(8), 0)
})
