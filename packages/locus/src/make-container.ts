/**
 * A container made by a program, for a manager of its choice: container_create, then manage_request, as a host does it. Nothing is
 * left of one that nobody takes on.
 */
import {
  containerCalls,
  managerRequests,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type Reply,
  type Status,
} from '@katydid/abi'
import { LocusError } from './locus-error.js'

export interface NewContainer {
  /** In bytes, a multiple of the page size; pages take room only when they are touched. */
  readonly size: number
  /** By which the world finds it; none unless given. */
  readonly name?: string
  /** Name of the manager that shall keep its pages; the world's first unless given. */
  readonly manager?: string
}

type Ask = <S extends AnySignature>(signature: S, args: ArgsOf<S>) => Reply<S>

/** Makes it and has it adopted; answers its master capability, in the locus's own table. */
export function makeContainer(ask: Ask, { size, name = '', manager = '' }: NewContainer): Capref {
  const made = ask(containerCalls.containerCreate, { size, name })
  if (made.status !== 'ok') throw new LocusError(made.status, made.detail)
  const { cont } = made
  const adopted = ask(managerRequests.manageRequest, { cont, manager })
  if (adopted.status === 'ok' && adopted.success) return cont
  ask(containerCalls.containerDestroy, { cont })
  const [status, detail]: readonly [Status, string] =
    adopted.status === 'ok'
      ? ['no_manager', `the manager “${manager}” does not take the container on`]
      : [adopted.status, adopted.detail]
  throw new LocusError(status, detail)
}
