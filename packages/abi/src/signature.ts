/**
 * How a call is declared: once, here, with its arguments, results, statuses and what it promises.
 * Caller, server, codec and reference page are all made of the declaration.
 */
import type { Fields, ValuesOf } from './fields.js'
import type { Status } from './status.js'

/**
 * Who makes the call on whom. `upcall`: kernel on manager; `downcall`: on the kernel; `request`: a user of a
 * manager; `device`: on a driver; `local`: kernel code that runs on the caller's own thread, no message;
 * `forwarded`: by a network driver on whichever actor of its machine the call is about.
 */
export type CallKind = 'upcall' | 'downcall' | 'request' | 'device' | 'local' | 'forwarded'

export interface Declaration<A extends Fields, R extends Fields, E extends Status> {
  /** The manual's spelling, as on the wire. */
  readonly name: string
  readonly kind: CallKind
  /** Who makes it. */
  readonly by: string
  readonly doc: string
  readonly args: A
  readonly result: R
  /** Statuses besides `ok` that it may answer. */
  readonly errors: readonly E[]
  /** What brings this call to answer each of them. */
  readonly causes: Readonly<Partial<Record<Status, string>>>
  /** May be repeated without harm when no answer came. */
  readonly idempotent: boolean
  /** What holds after a crash once it has answered `ok`. */
  readonly afterCrash: string
  /** Msgpack of a fixed shape, read and written in place. */
  readonly fixed?: boolean
}

export interface Signature<
  A extends Fields,
  R extends Fields,
  E extends Status,
> extends Declaration<A, R, E> {
  /** The call's number on the wire. */
  readonly op: number
}

export type AnySignature = Signature<Fields, Fields, Status>
export type ArgsOf<S> = S extends Signature<infer A, Fields, Status> ? ValuesOf<A> : never
export type ResultOf<S> = S extends Signature<Fields, infer R, Status> ? ValuesOf<R> : never
export type ErrorOf<S> = S extends Signature<Fields, Fields, infer E> ? E : never

/** A status other than `ok`, with a sentence: what happened, to what, what to do. */
export interface Refusal<E extends Status> {
  readonly status: E
  readonly detail: string
}

/** None of a call that is never refused. */
type RefusalOf<E extends Status> = [E] extends [never] ? never : Refusal<E>

/** What the server of a call returns. */
export type Answer<S> =
  | ({ readonly status: 'ok' } & ResultOf<S>)
  | RefusalOf<Exclude<ErrorOf<S>, 'ok'>>
/** What its caller sees: also what can happen on the way, to another machine if it goes there. */
export type Reply<S> =
  | Answer<S>
  | Refusal<'timed_out' | 'actor_gone' | 'bad_message' | 'unreachable'>

export type Group = Readonly<Record<string, AnySignature>>

/** Declares one call, with the cause of each status that it may answer; `group` gives it its number. */
export function call<const A extends Fields, const R extends Fields, const E extends Status>(
  declaration: Omit<Declaration<A, R, never>, 'errors' | 'causes'> & {
    readonly causes: Readonly<Record<E, string>>
  },
): Declaration<A, R, E> {
  return { ...declaration, errors: Object.keys(declaration.causes) as E[] }
}

type Numbered<G> = {
  readonly [K in keyof G]: G[K] extends Declaration<infer A, infer R, infer E>
    ? Signature<A, R, E>
    : never
}

/** Numbers the calls of a group from `base` on, in the order written; add at the end only. */
export function group<G extends Record<string, Declaration<Fields, Fields, Status>>>(
  base: number,
  calls: G,
): Numbered<G> {
  const numbered = Object.entries(calls).map(([key, declaration], index) => [
    key,
    { ...declaration, op: base + index },
  ])
  return Object.fromEntries(numbered) as Numbered<G>
}

/** A refusal with its sentence. */
export function refuse<const E extends Status>(status: E, detail: string): Refusal<E> {
  return { status, detail }
}
