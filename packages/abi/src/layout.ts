/**
 * Shared and stored bytes are laid out here and nowhere else. A layout says each field's words, who writes it and
 * what it means; offsets are derived, the size is stated and checked when the module loads.
 */
export interface FieldLayout {
  /** 32-bit words. Two-word fields hold a float 64 or a 64-bit integer and are aligned to 8 bytes. */
  readonly words: number
  readonly writer: string
  readonly doc: string
}

export interface Layout<F extends Record<string, FieldLayout>> {
  readonly name: string
  readonly doc: string
  readonly bytes: number
  /** Word index of each field from the start of the record. */
  readonly at: { readonly [K in keyof F]: number }
  readonly fields: F
}

export type AnyLayout = Layout<Record<string, FieldLayout>>

/** Declares a record of exactly `bytes` bytes. Throws at load when the fields do not add up or a pair is misaligned. */
export function layout<const F extends Record<string, FieldLayout>>(
  name: string,
  bytes: number,
  doc: string,
  fields: F,
): Layout<F> {
  const at: Record<string, number> = {}
  let word = 0
  for (const [key, field] of Object.entries(fields)) {
    if (field.words === 2 && word % 2 !== 0)
      throw new Error(`${name}.${key}: a 64-bit field must begin at an even word, not ${word}`)
    at[key] = word
    word += field.words
  }
  if (word * 4 !== bytes)
    throw new Error(`${name}: the fields take ${word * 4} bytes, not ${bytes}`)
  // A copy: an object grown key by key is a slow dictionary to the engine, and every word in the region is found by it.
  return { name, doc, bytes, at: { ...at } as Layout<F>['at'], fields }
}

/** The reference table of a layout, in Markdown. */
export function layoutTable(of: AnyLayout): string {
  const rows = Object.entries(of.fields).map(
    ([key, field]) =>
      `| ${of.at[key]! * 4} | ${field.words * 4} | \`${key}\` | ${field.writer} | ${field.doc} |`,
  )
  return [
    '| offset | size | field | written by | meaning |',
    '| --: | --: | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
