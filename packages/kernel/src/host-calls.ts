/** The calls a host can make, by the names of their signatures, through the same dispatch table as everybody's. */
import {
  asGeneration,
  capabilityCalls,
  containerCalls,
  hostPort,
  lineCalls,
  locusCalls,
  managerDowncalls,
  managerRequests,
  nameCalls,
  outputCalls,
  semaphoreCalls,
  snapshotCalls,
  type Group,
} from '@katydid/abi'
import { invariant, later } from '@katydid/actor'
import { isForHosts } from './guard.js'
import {
  capabilityHandlers,
  containerHandlers,
  lineHandlers,
  locusHandlers,
  managerHandlers,
  outputHandlers,
  requestHandlers,
  semaphoreHandlers,
  snapshotHandlers,
} from './kernel.js'
import type { Machine } from './machine.js'
import { nameHandlers } from './machines/names.js'

export interface HostCall {
  readonly name: string
  readonly handler: (args: unknown, reply: (answer: object) => void) => void
}

type Handling = (args: unknown, call: unknown) => object | typeof later

/** Which calls are open to hosts, by name and by number. */
export function hostTable(machine: Machine): ReadonlyMap<string | number, HostCall> {
  const table = new Map<string | number, HostCall>()
  const open = (group: object, handlers: object): void => {
    for (const [key, handle] of Object.entries(handlers as Record<string, Handling>)) {
      const signature = (group as Group)[key]
      invariant(signature !== undefined, 'AC3: a handler serves a declared call', { key })
      if (!isForHosts(signature.by)) continue
      const handler = (args: unknown, reply: (answer: object) => void): void => {
        const call = { from: hostPort, generation: asGeneration(1), reply }
        const answer = handle(args, call)
        if (answer !== later) reply(answer)
      }
      table.set(signature.name, { name: signature.name, handler })
      table.set(signature.op, { name: signature.name, handler })
    }
  }
  open(containerCalls, containerHandlers(machine))
  open(locusCalls, locusHandlers(machine))
  open(capabilityCalls, capabilityHandlers(machine))
  open(semaphoreCalls, semaphoreHandlers(machine))
  open(managerDowncalls, managerHandlers(machine))
  open(managerRequests, requestHandlers(machine))
  open(outputCalls, outputHandlers(machine))
  open(snapshotCalls, snapshotHandlers(machine))
  open(lineCalls, lineHandlers(machine))
  open(nameCalls, nameHandlers(machine))
  return table
}
