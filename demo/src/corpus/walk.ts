/**
 * Every regular file below a folder, by its real path.
 *
 * Links are not followed: what a link leads to is found where it really lies, if that is below the folder, so each
 * file comes once and no ring of links can hold the walk. What cannot be read is remembered with its reason and never
 * stops the walk. It yields between folders, so that whoever drives it stays awake.
 */
import fs from 'node:fs'
import path from 'node:path'

export interface Unreadable {
  readonly path: string
  readonly reason: string
}

export interface Found {
  readonly files: readonly string[]
  readonly unreadable: readonly Unreadable[]
}

/** Walks from `folder`, a real path. Yields how many files it has found so far. */
export function* walk(folder: string): Generator<number, Found> {
  const files: string[] = []
  const unreadable: Unreadable[] = []
  const folders = [folder]
  // An array is walked to its end, and what is pushed meanwhile is walked too.
  for (const place of folders) {
    attempt(place, unreadable, () => {
      for (const entry of fs.readdirSync(place, { withFileTypes: true })) {
        const inside = path.join(place, entry.name)
        if (entry.isDirectory()) folders.push(inside)
        else if (entry.isFile()) files.push(inside)
      }
    })
    yield files.length
  }
  return { files: files.sort(), unreadable }
}

/** Does it, or remembers why it could not be done. */
export function attempt(place: string, unreadable: Unreadable[], action: () => void): void {
  try {
    action()
  } catch (error) {
    unreadable.push({ path: place, reason: reasonOf(error) })
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  const sentences: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOENT: 'it is gone',
    ENAMETOOLONG: 'its name is too long',
    EMFILE: 'too many open files',
  }
  return sentences[code ?? ''] ?? (error instanceof Error ? error.message : String(error))
}
