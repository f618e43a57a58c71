/** The replacement policies a manager’s options can name. */
import { asFrame } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { AgeingPolicy } from './ageing.js'
import { ClockPolicy } from './clock.js'
import { FifoPolicy } from './fifo.js'
import type { ReplacementPolicy } from './policy.js'

export const policyNames = ['clock', 'fifo', 'lru'] as const
export type PolicyName = (typeof policyNames)[number]

/** The policy of that name for the frames of the machine; `lru` is the approximation by ageing. */
export function policyByName(name: PolicyName, region: Region): ReplacementPolicy {
  invariant(policyNames.includes(name), 'MG30: a policy is one of the list', { name })
  const { firstFrame, shape } = region.plan
  const first = asFrame(firstFrame / shape.pageBytes)
  if (name === 'fifo') return new FifoPolicy()
  return name === 'lru' ? new AgeingPolicy() : new ClockPolicy(first, shape.frames)
}
