/**
 * The line by trying every choice of one image a unit, on what truly happened: a choice is consistent when nobody in it has
 * received what nobody in it has sent. No interval number, no dependency. For up to four units.
 */

/** What a restored unit has done: ids of messages. */
interface Image {
  readonly sent: ReadonlySet<number>
  readonly received: ReadonlySet<number>
}

/** Messages that were received in these images and sent in none of them. */
export function orphansOf(images: readonly Image[]): number[] {
  return images.flatMap(({ received }) =>
    [...received].filter((id) => !images.some(({ sent }) => sent.has(id))),
  )
}

/**
 * For each unit the place of its image in the greatest consistent choice. `candidates` has for each unit its images, from the
 * empty one on. Errors when the consistent choices have no greatest one among them, which theory excludes.
 */
export function greatestChoice(candidates: readonly (readonly Image[])[]): number[] {
  const agrees = agreement(candidates)
  const greatest = candidates.map(() => 0)
  for (const choice of choices(candidates.map(({ length }) => length))) {
    if (!agrees(choice)) continue
    for (const [unit, place] of choice.entries()) greatest[unit] = Math.max(greatest[unit]!, place)
  }
  if (!agrees(greatest)) throw new Error('the consistent choices have no greatest one')
  return greatest
}

/** Whether a choice is consistent, from a table of which two images agree. */
function agreement(
  candidates: readonly (readonly Image[])[],
): (choice: readonly number[]) => boolean {
  const sender = new Map<number, number>()
  for (const [unit, images] of candidates.entries())
    for (const { sent } of images) for (const id of sent) sender.set(id, unit)
  const table = candidates.map((images) =>
    images.map(({ received }) => {
      const wanted = candidates.map((_, unit) =>
        [...received].filter((id) => sender.get(id) === unit),
      )
      const isHopeless = [...received].some((id) => !sender.has(id))
      return candidates.map((others, unit) =>
        others.map(({ sent }) => !isHopeless && wanted[unit]!.every((id) => sent.has(id))),
      )
    }),
  )
  return (choice) =>
    choice.every((place, unit) =>
      choice.every((other, otherUnit) => table[unit]![place]![otherUnit]![other]!),
    )
}

function* choices(sizes: readonly number[]): Generator<readonly number[]> {
  const choice = sizes.map(() => 0)
  for (;;) {
    yield choice
    let unit = 0
    while (unit < sizes.length && choice[unit] === sizes[unit]! - 1) choice[unit++] = 0
    if (unit === sizes.length) return
    choice[unit]!++
  }
}
