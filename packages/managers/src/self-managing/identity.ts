/** Who the manager is on its machine, and the tokens it gives. */
import { asToken, type ManagerBoot, type Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'

export class Identity {
  readonly self: ManagerBoot['self']
  readonly own: ManagerBoot['own']
  readonly disk: ManagerBoot['disk']
  /** The next token to be given; tokens are never given twice. */
  nextToken: number

  constructor(boot: ManagerBoot) {
    this.self = boot.self
    this.own = boot.own
    this.disk = boot.disk
    this.nextToken = boot.own.token + 1
  }

  /** A token that no container had before. */
  giveToken(): Token {
    const token = asToken(this.nextToken)
    invariant(token > this.own.token, 'MG1: a token given is none of before', { token })
    this.nextToken++
    return token
  }

  /** `token` is in use, whoever gave it. */
  noteToken(token: Token): void {
    invariant(token !== this.own.token, 'MG1: the own container’s token names no other', { token })
    if (token >= this.nextToken) this.nextToken = token + 1
  }
}
