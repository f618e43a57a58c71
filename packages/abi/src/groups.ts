/** All groups of calls, for codecs, the reference and the version hash. */
import { barrierCalls } from './signatures/barriers.js'
import { capabilityCalls } from './signatures/capabilities.js'
import { containerCalls } from './signatures/containers.js'
import { diskCalls } from './signatures/disks.js'
import { lcdCalls } from './signatures/local-container-descriptors.js'
import { locusCalls } from './signatures/loci.js'
import { managerDowncalls } from './signatures/manager-downcalls.js'
import { managerNotices } from './signatures/manager-notices.js'
import { managerRequests } from './signatures/manager-requests.js'
import { managerUpcalls } from './signatures/manager-upcalls.js'
import { pageSetCalls } from './signatures/page-sets.js'
import { semaphoreCalls } from './signatures/semaphores.js'
import type { Group } from './signature.js'

export const groups: Readonly<Record<string, Group>> = {
  'Manager upcalls': managerUpcalls as unknown as Group,
  'Manager downcalls': managerDowncalls as unknown as Group,
  'Manager requests': managerRequests as unknown as Group,
  'Page sets': pageSetCalls as unknown as Group,
  'Local container descriptors': lcdCalls as unknown as Group,
  Disks: diskCalls as unknown as Group,
  Barriers: barrierCalls as unknown as Group,
  Containers: containerCalls as unknown as Group,
  Loci: locusCalls as unknown as Group,
  Capabilities: capabilityCalls as unknown as Group,
  Semaphores: semaphoreCalls as unknown as Group,
  'Manager notices': managerNotices as unknown as Group,
}
