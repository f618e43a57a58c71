/** The program of `audit`: a till that dates what it is given, and whoever visits it for so long. */
import type { Capref } from '@katydid/abi'
import type { Locus } from '@katydid/locus'

export interface AuditWork {
  readonly till: Capref
  readonly forMs: number
}

const page = 4096
const entries = 500

export default function audited(locus: Locus): number {
  if (locus.args.length > 0) return visits(locus, locus.argument<AuditWork>())
  const window = locus.window(0, page)
  window.add(0, 1)
  window.setFloat64(8 + 8 * (window.getInt32(0) % entries), Date.now() + Math.random())
  return 0
}

/** Answers how often. */
function visits(locus: Locus, { till, forMs }: AuditWork): number {
  const until = performance.now() + forMs
  let count = 0
  for (; performance.now() < until; count++) {
    locus.invoke(till)
    locus.safepoint()
  }
  return count
}
