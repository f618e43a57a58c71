/** A call that is being served: answered once, with a status that it declares, or dropped when its caller has died. */
import { refuse, type AnySignature, type Answer, type Generation, type PortId } from '@katydid/abi'
import { invariant } from './invariant.js'
import { encodeAnswer, encodeRefusal, mayAnswer, type AnyAnswer } from './messages.js'
import type { IncomingCall } from './messenger.js'
import type { Transport } from './transport.js'

export class Incoming implements IncomingCall<AnySignature> {
  readonly from: PortId
  readonly generation: Generation
  readonly #transport: Transport
  readonly #signature: AnySignature
  readonly #sequence: number
  #replied = false

  constructor(
    transport: Transport,
    signature: AnySignature,
    from: PortId,
    generation: Generation,
    sequence: number,
  ) {
    this.#transport = transport
    this.#signature = signature
    this.from = from
    this.generation = generation
    this.#sequence = sequence
  }

  reply(answer: Answer<AnySignature>): void {
    invariant(
      mayAnswer(this.#signature, answer.status),
      'AC6: a call answers only what it declares',
      { name: this.#signature.name, answer: answer.status },
    )
    this.refuse(answer)
  }

  refuse(answer: AnyAnswer): void {
    invariant(!this.#replied, 'AC6: a call is answered once', { name: this.#signature.name })
    this.#replied = true
    const { from, generation } = this
    if (this.#transport.isDead(from) || this.#transport.generationOf(from) !== generation) return
    const bytes = encodeAnswer(this.#signature, this.#sequence, answer)
    if (this.#transport.send(from, bytes)) return
    const detail = `${this.#signature.name}: an answer of ${bytes.length} bytes is more than the mailbox to port ${from} takes`
    const op = this.#signature.op
    this.#transport.send(from, encodeRefusal(op, this.#sequence, refuse('bad_message', detail)))
  }
}
