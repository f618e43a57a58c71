/** Whether what was read from the log has the shape of a record: fields by the type of their values, lists, pairs of numbers. */

type Shape = Readonly<Record<string, 'number' | 'string' | 'boolean' | 'object'>>

export function has(value: unknown, shape: Shape): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([key, type]) => typeof Reflect.get(value, key) === type)
}

export const listOf = (value: unknown, each: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(each)

export const arePairs = (value: unknown): boolean =>
  listOf(
    value,
    (each) =>
      Array.isArray(each) && each.length === 2 && each.every((item) => typeof item === 'number'),
  )
