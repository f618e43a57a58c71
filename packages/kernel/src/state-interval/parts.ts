/** Long records go to the log in parts of at most 256 KiB; a record counts only when all of its parts are there. */
import { invariant, packValue, unpackValue } from '@katydid/actor'

export const partBytes = 256 * 1024

/** A record is found by these two numbers: no two have the same in one kind. */
export interface RecordName {
  readonly session: number
  readonly id: number
}

export interface Part extends RecordName {
  readonly part: number
  readonly parts: number
  readonly bytes: Uint8Array
}

/** Cuts a record into the contents of log records. */
export function splitRecord(name: RecordName, bytes: Uint8Array): Uint8Array[] {
  const parts = Math.max(1, Math.ceil(bytes.length / partBytes))
  const contents: Uint8Array[] = []
  for (let part = 0; part < parts; part++) {
    const chunk = bytes.slice(part * partBytes, (part + 1) * partBytes)
    contents.push(packValue({ session: name.session, id: name.id, part, parts, bytes: chunk }))
  }
  invariant(contents.length === parts, 'SI19: a record is cut into all its parts', { parts })
  return contents
}

/** The part that a log record's content is; null when it is none. */
export function readPart(content: Uint8Array): Part | null {
  let value: unknown
  try {
    value = unpackValue(content)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { session, id, part, parts, bytes } = value as Partial<Part>
  const numbers = [session, id, part, parts].every(Number.isSafeInteger)
  if (!numbers || !(bytes instanceof Uint8Array) || part! < 0 || part! >= parts!) return null
  return value as Part
}

/** Puts parts together again, in whatever order they come. */
export class Assembly {
  readonly #open = new Map<string, Part[]>()

  /** Adds a part of the given kind; answers the whole record's bytes once the last part is there. */
  add(kind: string, part: Part): Uint8Array | null {
    const key = `${kind} ${part.session} ${part.id} ${part.parts}`
    const parts = [...(this.#open.get(key) ?? []).filter((each) => each.part !== part.part), part]
    if (parts.length < part.parts) {
      this.#open.set(key, parts)
      return null
    }
    this.#open.delete(key)
    parts.sort((a, b) => a.part - b.part)
    const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.bytes.length, 0))
    let at = 0
    for (const each of parts) {
      whole.set(each.bytes, at)
      at += each.bytes.length
    }
    return whole
  }

  /** Records of which parts are missing. */
  get incomplete(): number {
    return this.#open.size
  }
}
