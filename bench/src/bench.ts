/**
 * What a bench is: a question, and cases in which Katydid and its peers do the same thing by turns.
 *
 * A contender's `pass` does the thing many times and answers how long one time took, in the case's unit: one number a
 * pass where one time is too short to be measured, else one a time. It never measures its own setting up.
 */
export interface Contender {
  pass(): readonly number[] | Promise<readonly number[]>
}

export interface Case {
  readonly name: string
  readonly unit: 'ns' | 'us' | 'ms'
  readonly katydid: Contender
  readonly peers: Readonly<Record<string, Contender>>
  /** What the ratio to a peer should not exceed. */
  readonly targets: Readonly<Record<string, number>>
  /** Passes of each contender that are not counted, and that are. */
  readonly warmUps: number
  readonly rounds: number
}

export interface BenchOptions {
  readonly quick: boolean
  /** Says something to whoever reads along: a peer that is left out, and why. */
  readonly say: (sentence: string) => void
}

export interface Bench {
  readonly name: string
  readonly question: string
  /** Runs `measure` on each case while what the case needs stands. */
  run(options: BenchOptions, measure: (each: Case) => Promise<void>): Promise<void>
}
