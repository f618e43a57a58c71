/**
 * Tokens that no container had before, without a note of those given: each start of the manager has numbers of its own, by
 * the interval that the kernel opens for it, which is used once.
 */
import { asToken, type ManagerBoot, type Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'

/** The next token to be given. */
export interface Tokens {
  next: number
}

/** Tokens of one start, and starts until they come round again; together they fill 32 bits. */
const tokensOfStart = 2 ** 12
const starts = 2 ** 20
/** Intervals of two starts are further apart than this. */
const intervalsOfStart = 1_000_000_000

export function tokensFor(boot: ManagerBoot): Tokens {
  const start = Math.floor(boot.own.interval / intervalsOfStart) % starts
  return { next: start * tokensOfStart + boot.own.token + 1 }
}

/** A token, or null when this start has given all of its own. */
export function giveToken(tokens: Tokens): Token | null {
  if (tokens.next % tokensOfStart === 0) return null
  const token = asToken(tokens.next++)
  invariant(token > 0, 'MG1: a token given names a container', { token })
  return token
}

/** The kernel uses this token: it is not given again. */
export function noteToken(tokens: Tokens, token: Token): void {
  const sameStart = Math.floor(token / tokensOfStart) === Math.floor(tokens.next / tokensOfStart)
  if (sameStart && token >= tokens.next) tokens.next = token + 1
}
