/**
 * The folder in which one run of the job lives: the world, the list of files, progress, the exported index.
 *
 * It lies on the disk the workspace is on, since a system's folder for temporary files may be memory, where nothing
 * is durable and nothing is measured. A run that was killed leaves its folder behind; the next run removes it.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const home = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../.katydid')
const nameOf = /^main-job-(\d+)-/

export interface WorkFolder {
  readonly path: string
  readonly world: string
  readonly fileList: string
  /** Where each of so many machines writes its part of the index. */
  index(machines: number): string[]
  /** Bytes on the disk, holes not counted. */
  usedBytes(): number
  remove(): void
}

/** Makes a folder for this process under `parent`, and removes those of processes that are gone. */
export function makeWorkFolder(parent = home): WorkFolder {
  fs.mkdirSync(parent, { recursive: true })
  removeStale(parent)
  const folder = fs.mkdtempSync(path.join(parent, `main-job-${process.pid}-`))
  return {
    path: folder,
    world: path.join(folder, 'world'),
    fileList: path.join(folder, 'files.jsonl'),
    index: (machines) =>
      Array.from({ length: machines }, (_, nth) => path.join(folder, `index-${nth + 1}.tsv`)),
    usedBytes: () => usedBytes(path.join(folder, 'world')),
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  }
}

function removeStale(parent: string): void {
  for (const name of fs.readdirSync(parent)) {
    const pid = Number(nameOf.exec(name)?.[1] ?? Number.NaN)
    const isStale = Number.isInteger(pid) && !isAlive(pid) && !isKept(path.join(parent, name))
    if (isStale) fs.rmSync(path.join(parent, name), { recursive: true, force: true })
  }
}

/** `--keep` leaves a mark in the folder: it is not ours to remove any more. */
export function keep(folder: WorkFolder): void {
  fs.writeFileSync(path.join(folder.path, 'kept'), '')
}

function isKept(folder: string): boolean {
  return fs.existsSync(path.join(folder, 'kept'))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function usedBytes(folder: string): number {
  try {
    const sizes = fs.readdirSync(folder).map((name) => fs.statSync(path.join(folder, name)).blocks)
    return sizes.reduce((sum, blocks) => sum + blocks * 512, 0)
  } catch {
    return 0
  }
}
