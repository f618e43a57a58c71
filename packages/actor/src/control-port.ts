/**
 * The worker's side of a control port: an object's functions, callable from the host by comlink.
 *
 * An actor serves control between two turns of its loop, so these functions must be synchronous. An error they throw
 * crosses with its status and its sentence: comlink alone would keep the sentence only.
 */
import type { MessagePort } from 'node:worker_threads'
import { actorBoot } from './boot.js'
import { expose, nodeEndpoint } from './comlink.js'

/** What a control call answers on the wire. */
export type ControlOutcome =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      readonly status: string | null
      readonly name: string
      readonly detail: string
    }

/** The one function that is exposed: all others are called through it. */
export interface ControlRoot {
  invoke(name: string, args: readonly unknown[]): ControlOutcome | Promise<ControlOutcome>
}

const exposed: MessagePort[] = []

/**
 * Makes the functions of `api` callable from the host, over that port or the one of the worker's only actor; `onCalled` runs after each call. Do it once for each actor,
 * before the loop.
 */
export function exposeControl(
  api: object,
  port: MessagePort = actorBoot().control,
  onCalled: () => void = () => undefined,
): void {
  const functions = api as Readonly<Record<string, unknown>>
  const root: ControlRoot = {
    invoke: (name, args) => {
      try {
        const called = functions[name]
        if (typeof called !== 'function' || !Object.hasOwn(functions, name))
          return failure(new TypeError(`the actor has no control call ${name}`))
        const value = Reflect.apply(called, api, args) as unknown
        return value instanceof Promise
          ? value.then((settled: unknown) => ({ ok: true as const, value: settled }), failure)
          : { ok: true, value }
      } catch (error) {
        return failure(error)
      } finally {
        onCalled()
      }
    },
  }
  exposed.push(port)
  expose(root, nodeEndpoint(port))
}

/** Closes every control port: nothing keeps the worker alive any more. */
export function closeControl(): void {
  for (const port of exposed.splice(0)) port.close()
}

function failure(error: unknown): ControlOutcome {
  const status = (error as { readonly status?: unknown } | null)?.status
  return {
    ok: false,
    status: typeof status === 'string' ? status : null,
    name: error instanceof Error ? error.name : 'Error',
    detail: error instanceof Error ? error.message : String(error),
  }
}
