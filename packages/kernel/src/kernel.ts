/** The kernel's dispatch table: signature → function, and nothing else. Managers, loci and the host are served by the same. */
import type {
  capabilityCalls,
  containerCalls,
  inputCalls,
  locusCalls,
  managerDowncalls,
  managerRequests,
  outputCalls,
  pageSetCalls,
  semaphoreCalls,
  transactionCalls,
} from '@katydid/abi'
import type { Handlers } from '@katydid/actor'
import { capCopy, capList } from './capability/capability-calls.js'
import { capDerive, capRemove, groupDestroy } from './capability/group-calls.js'
import {
  containerCreate,
  containerDestroy,
  containerFind,
  getInvocationPoint,
  removeInvocationPoint,
  setInvocationPoint,
} from './container/container-calls.js'
import { containerMap, containerMappings, containerUnmap } from './container/mapping-calls.js'
import { windowOpen } from './container/window.js'
import { inputLogged } from './logged/input-calls.js'
import { replayNext } from './logged/replay.js'
import { locusAnswered } from './locus/durable-calls.js'
import { locusBegin, locusCreate, locusFind } from './locus/locus-calls.js'
import { locusDestroy, locusResume, locusSuspend } from './locus/locus-control.js'
import { locusEnd } from './locus/locus-end.js'
import { lineRelease } from './kept/release.js'
import type { Machine } from './machine.js'
import { manageRequest } from './manager/manage-request.js'
import { getRootPage, mapRootPage } from './manager/root-page.js'
import { qualityOfService, setManager } from './manager/set-manager.js'
import { outputReleased, outputSettled } from './output/output-calls.js'
import { outputPrint } from './output/print.js'
import { pageSetAdd, pageSetCreate, pageSetRemove, pageSetSize } from './page-set/page-set-calls.js'
import {
  semaphoreCreate,
  semaphoreDestroy,
  semaphoreP,
  semaphoreV,
} from './semaphore/semaphore-calls.js'
import {
  snapshotDiscard,
  snapshotRequest,
  stateIntervalStable,
  worldSnapshot,
} from './state-interval/interval-calls.js'
import { remoteInvoke } from './remote/invoke.js'
import { visitNext } from './remote/visit-next.js'
import { capGive, containerFindOn } from './remote/give.js'
import { locusStabilise } from './state-interval/recoverable.js'
import { transactionWindow } from './transaction/overlay-window.js'
import {
  transactionAbort,
  transactionBegin,
  transactionCommit,
} from './transaction/transaction-calls.js'
import { worldStatus } from './world-status.js'

export function containerHandlers(machine: Machine): Handlers<typeof containerCalls> {
  return {
    containerCreate: (args, call) => containerCreate(machine, call.from, args),
    containerFind: (args, call) => containerFind(machine, call.from, args),
    containerDestroy: (args, call) => containerDestroy(machine, call.from, args),
    setInvocationPoint: (args, call) => setInvocationPoint(machine, call.from, args),
    getInvocationPoint: (args, call) => getInvocationPoint(machine, call.from, args),
    removeInvocationPoint: (args, call) => removeInvocationPoint(machine, call.from, args),
    windowOpen: (args, call) => windowOpen(machine, call.from, args),
    capCopy: (args, call) => capCopy(machine, args, call),
    capList: (args, call) => capList(machine, call.from, args),
    containerMap: (args, call) => containerMap(machine, args, call),
    containerUnmap: (args, call) => containerUnmap(machine, args, call),
    containerMappings: (args, call) => containerMappings(machine, call.from, args),
    capGive: (args, call) => capGive(machine, args, call),
    containerFindOn: (args, call) => containerFindOn(machine, args, call),
  }
}

export function managerHandlers(machine: Machine): Handlers<typeof managerDowncalls> {
  return {
    setManager: (args, call) => setManager(machine, call.from, args),
    mapRootPage: (args, call) => mapRootPage(machine, call.from, args),
    getRootPage: (args, call) => getRootPage(machine, call.from, args),
    snapshotRequest: (args, call) => snapshotRequest(machine, args, call),
    stateIntervalStable: (args, call) => stateIntervalStable(machine, args, call),
    snapshotDiscard: (args, call) => snapshotDiscard(machine, call.from, args),
    qualityOfService: (args, call) => qualityOfService(machine, call.from, args),
    lineRelease: () => lineRelease(machine),
  }
}

export function requestHandlers(machine: Machine): Handlers<typeof managerRequests> {
  return { manageRequest: (args, call) => manageRequest(machine, args, call) }
}

export { lineHandlers } from './kept/line-calls.js'
export { snapshotHandlers } from './manager/retained.js'

export function pageSetHandlers(machine: Machine): Handlers<typeof pageSetCalls> {
  return {
    pageSetCreate: (args, call) => pageSetCreate(machine, call.from, args),
    pageSetAdd: (args, call) => pageSetAdd(machine, args, call),
    pageSetRemove: (args, call) => pageSetRemove(machine, call.from, args),
    pageSetSize: (args, call) => pageSetSize(machine, call.from, args),
  }
}

/** The calls about loci that come by message; the others are kernel code on the locus's own thread. */
export function locusHandlers(machine: Machine): Partial<Handlers<typeof locusCalls>> {
  return {
    locusCreate: (args, call) => locusCreate(machine, call.from, args),
    locusFind: (args, call) => locusFind(machine, call.from, args),
    locusBegin: (_, call) => locusBegin(machine, call),
    locusEnd: (args, call) => locusEnd(machine, args, call),
    worldSnapshot: (args, call) => worldSnapshot(machine, args, call),
    worldStatus: () => worldStatus(machine),
    locusDestroy: (args, call) => locusDestroy(machine, call.from, args),
    locusSuspend: (args, call) => locusSuspend(machine, call.from, args),
    locusResume: (args, call) => locusResume(machine, call.from, args),
    locusAnswered: (args, call) => locusAnswered(machine, args, call),
    locusStabilise: (_, call) => locusStabilise(machine, call),
    remoteInvoke: (args, call) => remoteInvoke(machine, args, call),
    visitNext: (args, call) => visitNext(machine, args, call),
  }
}

export function outputHandlers(machine: Machine): Handlers<typeof outputCalls> {
  return {
    outputPrint: (args, call) => outputPrint(machine, args, call),
    outputSettled: (_, call) => outputSettled(machine, call),
    outputReleased: (args, call) => outputReleased(machine, call.from, args),
  }
}

export function inputHandlers(machine: Machine): Handlers<typeof inputCalls> {
  return {
    inputLogged: (args, call) => inputLogged(machine, args, call),
    replayNext: (args, call) => replayNext(machine, args, call),
  }
}

export function capabilityHandlers(machine: Machine): Handlers<typeof capabilityCalls> {
  return {
    capDerive: (args, call) => capDerive(machine, call.from, args),
    capRemove: (args, call) => capRemove(machine, call.from, args),
    groupDestroy: (args, call) => groupDestroy(machine, call.from, args),
  }
}

export function semaphoreHandlers(machine: Machine): Handlers<typeof semaphoreCalls> {
  return {
    semaphoreCreate: (args, call) => semaphoreCreate(machine, call.from, args),
    semaphoreP: (args, call) => semaphoreP(machine, args, call),
    semaphoreV: (args, call) => semaphoreV(machine, call.from, args),
    semaphoreDestroy: (args, call) => semaphoreDestroy(machine, call.from, args),
  }
}

export function transactionHandlers(machine: Machine): Handlers<typeof transactionCalls> {
  return {
    transactionBegin: (args, call) => transactionBegin(machine, args, call),
    transactionWindow: (args, call) => transactionWindow(machine, args, call),
    transactionCommit: (args, call) => transactionCommit(machine, args, call),
    transactionAbort: (args, call) => transactionAbort(machine, args, call),
  }
}
