/**
 * What is true of a world of several machines, kept outside of it: of each container its balance and the letters, by ids that nothing in the world numbers, that it has sent and
 * received; and the same at each of its points. Units are named `machine container`.
 */

/** A payment under way: who sent it to whom, and how much. */
export interface Payment {
  readonly id: number
  readonly from: string
  readonly to: string
  readonly amount: number
}

/** What a container is, or was at a point. */
export interface Picture {
  readonly balance: number
  readonly sent: ReadonlySet<number>
  readonly taken: ReadonlySet<number>
  /** Received, and not taken. */
  readonly waiting: ReadonlySet<number>
}

export const copyOf = ({ balance, sent, taken, waiting }: Picture): Picture => ({
  balance,
  sent: new Set(sent),
  taken: new Set(taken),
  waiting: new Set(waiting),
})

export const receivedIn = ({ taken, waiting }: Picture): number[] => [...taken, ...waiting]

/** One way in which a unit can be had. */
export interface Candidate {
  /** The interval of the point; Infinity: the present. */
  readonly interval: number
  readonly picture: Picture
}

/**
 * The greatest choice in which nobody has received what no other has sent: from above, by ids alone. Null for a unit of which no candidate is left.
 */
export function greatestChoice(
  candidates: ReadonlyMap<string, readonly Candidate[]>,
  payments: ReadonlyMap<number, Payment>,
): Map<string, Candidate | null> {
  const chosen = new Map([...candidates].map(([unit, list]) => [unit, list.length - 1]))
  const at = (unit: string): Candidate | null =>
    candidates.get(unit)?.[chosen.get(unit) ?? -1] ?? null
  const lacks = ({ picture }: Candidate): boolean =>
    receivedIn(picture).some((id) => {
      const sender = payments.get(id)!.from
      return !(at(sender)?.picture.sent.has(id) ?? false)
    })
  for (let again = true; again;) {
    again = false
    for (const unit of candidates.keys()) {
      const now = at(unit)
      if (now === null || !lacks(now)) continue
      chosen.set(unit, chosen.get(unit)! - 1)
      again = true
    }
  }
  return new Map([...candidates.keys()].map((unit) => [unit, at(unit)]))
}

/** Payments that somebody has received and nobody has sent. */
export function orphansIn(
  now: ReadonlyMap<string, Picture>,
  payments: ReadonlyMap<number, Payment>,
): string[] {
  return [...now].flatMap(([unit, picture]) =>
    receivedIn(picture)
      .map((id) => payments.get(id)!)
      .filter(({ id, from }) => !(now.get(from)?.sent.has(id) ?? false))
      .map(({ id, from }) => `${unit} has payment ${id}, which ${from} has not sent`),
  )
}
