/** The host's way to its kernel: declared calls as promises; a refusal is thrown as a `KatydidError`. */
import type { AnySignature, ArgsOf, Reply, ResultOf, Status } from '@katydid/abi'
import { KatydidError } from './error.js'

/** Makes a declared call on the kernel as the host. Rejects only when the kernel is gone. */
export type HostCall = <S extends AnySignature>(signature: S, args: ArgsOf<S>) => Promise<Reply<S>>

/** The results of a call that must succeed; `about` begins the sentence when it does not. */
export async function must<S extends AnySignature>(
  host: HostCall,
  about: string,
  signature: S,
  args: ArgsOf<S>,
): Promise<ResultOf<S>> {
  const reply = await host(signature, args)
  if (reply.status === 'ok') return reply as ResultOf<S>
  throw refused(about, reply)
}

/** The error for a refused call. */
export function refused(
  about: string,
  reply: { readonly status: string; readonly detail?: string },
): KatydidError {
  const { status, detail } = reply
  const words = detail === undefined || detail === '' ? status : detail
  return new KatydidError(status as Status, `${about}: ${words}`, undone.includes(status))
}

/** What a caller is told when the world went back, between two of its calls, to before what the first one made. */
const undone: readonly string[] = [
  'invalid_capref',
  'entity_gone',
  'no_such_container',
  'frozen',
  'actor_gone',
] satisfies readonly Status[]
