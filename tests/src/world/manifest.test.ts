/** What makes a directory a world, and what a directory that is none is told. */
import fs from 'node:fs'
import path from 'node:path'
import { defaultShape } from '@katydid/abi'
import { openDiskFile } from '@katydid/world/disk-file.js'
import { KatydidError } from '@katydid/world/error.js'
import {
  createDisks,
  manifestName,
  newManifest,
  readManifest,
  writeManifest,
  type Manifest,
} from '@katydid/world/manifest.js'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/folders.js'

const diskBytes = 1024 * 1024
const aDisk = { file: 'machine-1.disk', bytes: 1 }

function create(folder: string): Manifest {
  const manifest = newManifest(1, defaultShape, diskBytes, 5)
  createDisks(folder, manifest)
  writeManifest(folder, manifest)
  return manifest
}

function refusal(t: ExecutionContext, action: () => unknown): KatydidError {
  const error = t.throws(action)
  t.true(error instanceof KatydidError, error.stack)
  return error as KatydidError
}

function rewrite(folder: string, change: Record<string, unknown>): void {
  const file = path.join(folder, manifestName)
  const found = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>
  fs.writeFileSync(file, JSON.stringify({ ...found, ...change }))
}

test('[WO1] what was created is read again', (t) => {
  const folder = temporaryFolder(t)

  const made = create(folder)

  t.deepEqual(readManifest(folder), made)
  t.is(fs.statSync(path.join(folder, made.machines[0]!.disk.file)).size, diskBytes)
})

test('[WO88] a manifest of several machines has a disk file for each, and one of format 1 is that of a world of one', (t) => {
  const folder = temporaryFolder(t)
  const made = newManifest(3, defaultShape, diskBytes, 0)
  createDisks(folder, made)
  writeManifest(folder, made)
  const found = readManifest(folder)!
  const first = { format: 1, machine: 1, disks: [aDisk], machines: undefined }
  rewrite(folder, first)

  const old = readManifest(folder)!

  t.deepEqual(found, made)
  t.deepEqual(
    found.machines.map(({ disk }) => fs.statSync(path.join(folder, disk.file)).size),
    [diskBytes, diskBytes, diskBytes],
  )
  t.deepEqual(old.machines as unknown, [{ machine: 1, disk: aDisk }])
  t.is(old.world, made.world)
})

test('[WO1] a missing directory and an empty one hold no world yet', (t) => {
  const folder = temporaryFolder(t)

  t.is(readManifest(folder), null)
  t.is(readManifest(path.join(folder, 'none')), null)
})

test('[WO1] a creation that was killed before the manifest stood is begun again', (t) => {
  const folder = temporaryFolder(t)
  fs.writeFileSync(path.join(folder, 'machine-1.disk'), 'half')
  fs.writeFileSync(path.join(folder, 'world.json.new'), '{')

  const before = readManifest(folder)
  const made = create(folder)

  t.is(before, null)
  t.deepEqual(fs.readFileSync(path.join(folder, 'machine-1.disk')).length, diskBytes)
  t.deepEqual(readManifest(folder), made)
})

test('[WO2] a directory with other files in it is not a world and stays as it is', (t) => {
  const folder = temporaryFolder(t)
  fs.writeFileSync(path.join(folder, 'letter.txt'), 'dear')

  const { status, sentence } = refusal(t, () => readManifest(folder))

  t.is(status, 'not_a_world')
  t.regex(sentence, /letter\.txt/)
  t.deepEqual(fs.readdirSync(folder), ['letter.txt'])
})

test('[WO2] a file is not a world', (t) => {
  const file = path.join(temporaryFolder(t), 'file')
  fs.writeFileSync(file, '')

  t.is(refusal(t, () => readManifest(file)).status, 'not_a_world')
})

for (const [what, change] of [
  ['format', { format: 3 }],
  ['ABI', { abi: 0 }],
] as const) {
  test(`[WO2] a world of another ${what} is refused by version`, (t) => {
    const folder = temporaryFolder(t)
    create(folder)
    rewrite(folder, change)

    t.is(refusal(t, () => readManifest(folder)).status, 'world_version')
  })
}

for (const [what, content] of [
  ['not JSON', '{'],
  ['no object', '7'],
] as const) {
  test(`[WO2] a manifest that is ${what} is damage`, (t) => {
    const folder = temporaryFolder(t)
    fs.writeFileSync(path.join(folder, manifestName), content)

    t.is(refusal(t, () => readManifest(folder)).status, 'damaged')
  })
}

for (const [what, change] of [
  ['shape', { shape: { ...defaultShape, frames: 'many' } }],
  ['world', { world: 7 }],
  ['disk outside the directory', { machines: [{ machine: 1, disk: { file: '../x', bytes: 1 } }] }],
  ['machine twice', { machines: [1, 1].map((machine) => ({ machine, disk: aDisk })) }],
  ['format 1 without a disk', { format: 1, machine: 1 }],
] as const) {
  test(`[WO2] a manifest with a wrong ${what} is damage`, (t) => {
    const folder = temporaryFolder(t)
    create(folder)
    rewrite(folder, change)

    t.is(refusal(t, () => readManifest(folder)).status, 'damaged')
  })
}

test('[WO2] a manifest of something else is not a world', (t) => {
  const folder = temporaryFolder(t)
  create(folder)
  rewrite(folder, { kind: 'diary' })

  t.is(refusal(t, () => readManifest(folder)).status, 'not_a_world')
})

test('[WO2] a disk file that is missing or cut is damage', (t) => {
  const folder = temporaryFolder(t)
  const disk = create(folder).machines[0]!.disk
  const file = path.join(folder, disk.file)

  fs.truncateSync(file, diskBytes - 1)
  const cut = refusal(t, () => openDiskFile(folder, disk))
  fs.rmSync(file)
  const missing = refusal(t, () => openDiskFile(folder, disk))

  t.is(cut.status, 'damaged')
  t.regex(cut.sentence, /was cut/)
  t.is(missing.status, 'damaged')
  t.regex(missing.sentence, /is missing/)
})
