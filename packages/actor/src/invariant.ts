/**
 * Two kinds of error, no third: a status is the world being itself; an `InvariantViolation` is a bug in us. Invariants
 * carry the id of the rule they guard and stay on. The actor that finds one broken stops and is restarted.
 */
export class InvariantViolation extends Error {
  readonly facts: Readonly<Record<string, unknown>>

  constructor(sentence: string, facts: Readonly<Record<string, unknown>>) {
    super(`${sentence} — it does not hold: ${JSON.stringify(facts)}`)
    this.name = 'InvariantViolation'
    this.facts = facts
  }
}

/** States that `condition` should be true: `sentence` begins with the rule's id, `facts` are what to look at when it is not. */
export function invariant(
  condition: boolean,
  sentence: string,
  facts: Readonly<Record<string, unknown>> = {},
): asserts condition {
  if (!condition) throw new InvariantViolation(sentence, facts)
}

/** Ends a switch over a closed list. */
export function unreachable(value: never): never {
  throw new InvariantViolation('AC1: a closed list has no other member', { value })
}
