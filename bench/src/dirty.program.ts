/** The program of `snapshot-stop`: makes its container resident, then writes a number of its pages again and again, resting in between. */
import type { Locus } from '@katydid/locus'

const pageBytes = 4096

export interface DirtyWork {
  readonly pages: number
  readonly dirty: number
}

export default function writer(locus: Locus): never {
  const { pages, dirty } = locus.argument<DirtyWork>()
  const window = locus.window(0, pages * pageBytes)
  let sum = 0
  for (let page = 0; page < pages; page++) {
    sum = (sum + window.getInt32(page * pageBytes)) | 0
    locus.safepoint()
  }
  locus.log('resident')
  for (let round = 1; ; round++) {
    for (let page = 0; page < dirty; page++) {
      window.setInt32((page * 7 * pageBytes) % (pages * pageBytes), round)
      locus.safepoint()
    }
    locus.wait(window, 0, window.getInt32(0), 5)
  }
}
