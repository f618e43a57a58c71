/** All groups of calls, for codecs, the reference and the version hash. */
import { barrierCalls } from './signatures/barriers.js'
import { capabilityCalls } from './signatures/capabilities.js'
import { containerCalls } from './signatures/containers.js'
import { diskCalls } from './signatures/disks.js'
import { frameNotices } from './signatures/frame-notices.js'
import { inputCalls } from './signatures/inputs.js'
import { lcdCalls } from './signatures/local-container-descriptors.js'
import { lineCalls } from './signatures/line-calls.js'
import { locusCalls } from './signatures/loci.js'
import { machineCalls } from './signatures/machines.js'
import { managerDowncalls } from './signatures/manager-downcalls.js'
import { managerNotices } from './signatures/manager-notices.js'
import { managerRequests } from './signatures/manager-requests.js'
import { managerUpcalls } from './signatures/manager-upcalls.js'
import { consoleCalls, outputCalls } from './signatures/output.js'
import { nameCalls } from './signatures/names.js'
import { forwardedCalls, networkCalls } from './signatures/network.js'
import { pageSetCalls } from './signatures/page-sets.js'
import { retainedUpcalls } from './signatures/retained-upcalls.js'
import { semaphoreCalls } from './signatures/semaphores.js'
import { overlayUpcalls, transactionCalls } from './signatures/transactions.js'
import { snapshotCalls } from './signatures/snapshot-calls.js'
import { guestUpcalls, proxyCalls, sharedPageCalls, supportUpcalls } from './signatures/sharing.js'
import type { Group } from './signature.js'

export const groups: Readonly<Record<string, Group>> = {
  'Manager upcalls': managerUpcalls,
  'Manager downcalls': managerDowncalls,
  'Manager requests': managerRequests,
  'Page sets': pageSetCalls,
  'Local container descriptors': lcdCalls,
  Disks: diskCalls,
  Barriers: barrierCalls,
  Containers: containerCalls,
  Loci: locusCalls,
  'Kept lines': lineCalls,
  'Logged inputs': inputCalls,
  Capabilities: capabilityCalls,
  Semaphores: semaphoreCalls,
  'Manager notices': managerNotices,
  'Frame notices': frameNotices,
  Transactions: transactionCalls,
  'Overlay upcalls': overlayUpcalls,
  'Snapshot calls': snapshotCalls,
  'Retained snapshots': retainedUpcalls,
  Output: outputCalls,
  Console: consoleCalls,
  Network: networkCalls,
  'Forwarded calls': forwardedCalls,
  'Calls between machines': machineCalls,
  Names: nameCalls,
  'Shared pages': sharedPageCalls,
  'Proxy calls': proxyCalls,
  'Support upcalls': supportUpcalls,
  'Guest upcalls': guestUpcalls,
}
