/** Sums over processes, and what a blow cost. */
import test from 'ava'
import { counterNames } from '@katydid/abi'
import { Accounts } from '@katydid/demo/job/accounts.js'
import type { Captures, CounterSums } from '@katydid/demo/job/messages.js'
import type { LocusProgress } from '@katydid/demo/job/progress-file.js'
import { RecoveryWatch } from '@katydid/demo/job/recoveries.js'
import { aBlow } from '../support/main-job.js'

test('[JB12] counters of a process that is gone stay in the sum; a maximum stays a maximum', (t) => {
  const accounts = new Accounts(100)

  accounts.tell(status({ faults: 10, recoveryMs: 5 }, { taken: 1, heldMaxUs: 900, heldUs: 900 }))
  accounts.tell(status({ faults: 30, recoveryMs: 5 }, { taken: 2, heldMaxUs: 900, heldUs: 1000 }))
  accounts.close()
  accounts.tell(status({ faults: 5, recoveryMs: 5 }, { taken: 2, heldMaxUs: 300, heldUs: 3000 }))

  t.is(accounts.sum('faults'), 35)
  t.like(accounts.snapshot([], 0, 0), { heldMsMax: 0.9, heldMsMean: 1, snapshots: 4 })
})

test('[JB12] what is done again is no progress, but work', (t) => {
  const accounts = new Accounts(100)

  accounts.snapshot([locus({ readBytes: 50, words: 1000 })], 0, 0)
  accounts.snapshot([locus({ readBytes: 30, words: 600 })], 0, 1000)
  const later = accounts.snapshot([locus({ readBytes: 40, words: 800 })], 0, 2000)

  t.is(accounts.farthestBytes, 50)
  t.is(later.readBytes, 40)
  t.is(later.wordsPerSecond, 200 / 2)
})

test('[JB12] a blow is accounted for when each locus has begun again', (t) => {
  const before = [locus({ starts: 1, readBytes: 500 }), locus({ starts: 1, readBytes: 400 })]
  const watch = new RecoveryWatch(aBlow, before, 1000)
  const back = [
    locus({ starts: 2, startedAtBytes: 300, readBytes: 310 }),
    locus({ starts: 2, startedAtBytes: 390, readBytes: 390 }),
  ]

  t.is(watch.account(back, false, null), null, 'the world is not back yet')
  watch.back(1350)
  t.is(watch.account([back[0]!, before[1]!], false, null), null, 'one locus is not back yet')
  t.like(watch.account(back, false, 3), { recoveryMs: 350, againBytes: 210, ownFaults: null })
})

test('[JB12] a locus that had ended does nothing again', (t) => {
  const before = [locus({ starts: 1, readBytes: 500 }), locus({ starts: 1, readBytes: 400 })]
  const watch = new RecoveryWatch({ ...aBlow, kind: 'manager' }, before, 0)

  watch.back(10)

  t.like(watch.account([locus({ starts: 2, startedAtBytes: 450 }), before[1]!], true, 3), {
    againBytes: 50,
    ownFaults: 3,
  })
})

function status(
  some: Partial<CounterSums>,
  captures: Partial<Captures>,
): { counters: CounterSums; captures: Captures } {
  const zeros = Object.fromEntries(counterNames.map((name) => [name, 0]))
  return {
    counters: { ...zeros, ...some } as CounterSums,
    captures: { taken: 0, open: 0, heldUs: 0, heldMaxUs: 0, pagesOpen: 0, ...captures },
  }
}

function locus(some: Partial<LocusProgress>): LocusProgress {
  return { starts: 1, startedAtBytes: 0, readBytes: 0, words: 0, mergedFiles: 0, ...some }
}
