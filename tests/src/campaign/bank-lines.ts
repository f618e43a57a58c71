/**
 * A kept line of a bank whose process is dead, read where nothing can be spoilt: its directory is copied, the copy goes back to the line as an
 * administrator would have it go back, and its auditor reads all books before anybody goes on. Judges nothing.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { root } from '../support/house.js'
import type { Audit } from './bank-books.js'

export interface LineRead {
  /** Null: the line was given up before the copy was made. */
  readonly audit: Audit | null
  readonly ms: number
}

const child = `${root}/tests/fixtures/bank-child.mjs`
const mostMs = 120_000
const frames = 1024
const copied = promisify(execFile)

/** The directory as it is now; the disk file is mostly holes. */
export async function copyOf(dir: string, nth: number): Promise<string> {
  const copy = `${dir}.copy${nth}`
  fs.rmSync(copy, { recursive: true, force: true })
  await copied('cp', ['-r', '--sparse=auto', dir, copy])
  return copy
}

/** Takes the copy back to the line, and away afterwards; `job` as the bank's own process was given it. Throws when its books are not read. */
export async function readLine(copy: string, line: number, job: object): Promise<LineRead> {
  const began = performance.now()
  try {
    return { audit: await booksOf(copy, line, job), ms: performance.now() - began }
  } finally {
    fs.rmSync(copy, { recursive: true, force: true })
  }
}

async function booksOf(copy: string, line: number, job: object): Promise<Audit | null> {
  // It only reads: nothing has to be paged out or captured.
  const what = JSON.stringify({ ...job, isNew: false, line, frames, snapshotEveryMs: 0 })
  const life = spawn(process.execPath, [child, copy, what], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(life, 'close')
  const late = setTimeout(() => life.kill('SIGKILL'), mostMs)
  let complaint = ''
  life.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  let audit: Audit | null = null
  let isGone = false
  for await (const said of createInterface({ input: life.stdout })) {
    const told = JSON.parse(said) as { audit?: Audit; unread?: number }
    if (told.unread !== undefined) isGone = true
    audit ??= told.audit ?? null
  }
  const [code, signal] = (await ended) as [number | null, string | null]
  clearTimeout(late)
  if (code === 0 && (audit !== null || isGone)) return audit
  throw new Error(`going back to line ${line} ended with ${code ?? signal}: ${complaint.trim()}`)
}
