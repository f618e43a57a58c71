/** MG: what a host may say of managers when it opens a world, and what it is told otherwise. */
import { managerPrograms } from '@katydid/world/managers.js'
import { KatydidError } from 'katydid'
import test from 'ava'

const refusal = (options: Parameters<typeof managerPrograms>[0]): string => {
  try {
    managerPrograms(options)
  } catch (error) {
    if (error instanceof KatydidError && error.status === 'bad_argument') return error.message
    throw error
  }
  return 'nothing'
}

test('[MG32] what a host says of managers is refused in a sentence when it makes no sense', (t) => {
  const ring: { self?: unknown } = {}
  ring.self = ring
  const module = import.meta.url

  t.regex(refusal([{ name: 'a b' }]), /needs a name/)
  t.regex(refusal([{ name: 'self-managing' }]), /two managers by the name self-managing/)
  t.regex(
    refusal([
      { name: 'x', module },
      { name: 'x', module },
    ]),
    /two managers by the name x/,
  )
  t.regex(refusal(['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, module }))), /at most 5/)
  t.regex(refusal([{ name: 'mine' }]), /only demand-zero/)
  t.regex(refusal([{ name: 'mine', module: '/nowhere/at-all.js' }]), /cannot be read/)
  t.regex(refusal([{ name: 'mine', module, options: ring }]), /plain data/)
  t.regex(refusal([{ name: 'mine', module, options: 7 }]), /plain data/)
})

test('[MG33] a manager is remembered as data: module, hash of its content, options', (t) => {
  const options = { policy: 'fifo', left: undefined }

  const [own, mine] = managerPrograms([
    { name: 'demand-zero' },
    { name: 'mine', module: new URL(import.meta.url), options },
  ])

  t.is(own!.module, 'demand-zero/demand-zero.worker.js')
  t.is(own!.options, null)
  t.regex(own!.hash, /^[0-9a-f]{16,}$/)
  t.is(mine!.module, import.meta.url)
  t.not(mine!.hash, own!.hash)
  t.deepEqual(mine!.options, { policy: 'fifo' })
})
