/** A request for another machine as bytes, and its answer back. Their number is always the same: what pairs them is the link's own. */
import type { AnySignature, ArgsOf, Reply } from '@katydid/abi'
import { orBadMessage } from '../dispatcher.js'
import { decodeAnswer, encodeRequest, mailOf } from '../messages.js'

/** A packed request, in a buffer of its own. */
export function encodeCall<S extends AnySignature>(signature: S, args: ArgsOf<S>): Uint8Array {
  return new Uint8Array(encodeRequest(signature, 0, args))
}

/** What a packed answer says; bytes of another shape are `bad_message`. */
export function decodeReply<S extends AnySignature>(signature: S, packed: Uint8Array): Reply<S> {
  return orBadMessage(signature, () => decodeAnswer(signature, mailOf(packed))) as Reply<S>
}
