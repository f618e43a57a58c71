/**
 * The table of rooms in docs/ARCHITECTURE.md, held against what the sources, package.json files and
 * tsconfig.json files say.
 */
import path from 'node:path'
import test from 'ava'
import {
  importsOf,
  packageName,
  readRooms,
  readText,
  resolveRelative,
  root,
  sourcesOf,
  type Room,
} from '../support/house.js'

const rooms = readRooms()
const siblings = ['kernel', 'managers', 'devices', 'locus']
const sharedLibraries = ['@node-rs/crc32']

test('[HO1] siblings never import each other', (t) => {
  const wrong = siblings.flatMap((name) =>
    bareImports(roomNamed(name))
      .filter(({ room }) => room !== undefined && room !== name && siblings.includes(room))
      .map(({ file, specifier }) => `${file} imports ${specifier}`),
  )

  t.deepEqual(
    wrong,
    [],
    'declare what both need in packages/abi, or put it below in memory or actor',
  )
})

test('[HO1] the table itself lets no sibling import another', (t) => {
  for (const name of siblings) {
    t.deepEqual(
      roomNamed(name).ours.filter((other) => siblings.includes(other)),
      [],
      `take the sibling out of the row of ${name} in docs/ARCHITECTURE.md`,
    )
  }
})

test('[HO2] a source imports only what the row of its room allows', (t) => {
  const wrong = rooms.flatMap((room) =>
    bareImports(room)
      .filter((found) => !isAllowed(room, found))
      .map(({ file, specifier }) => `${file} imports ${specifier}`),
  )

  t.deepEqual(
    wrong,
    [],
    'import it elsewhere, or change the row of the room in docs/ARCHITECTURE.md',
  )
})

test('[HO2] a relative import stays inside its room', (t) => {
  const wrong = rooms.flatMap((room) =>
    sourcesOf(room).flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => !resolveRelative(file, specifier).startsWith(`${room.folder}/`))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    ),
  )

  t.deepEqual(wrong, [], 'import another room by its name')
})

test('[HO3] a third-party library stands in the row of one room', (t) => {
  const rowsOf = new Map<string, string[]>()
  for (const room of rooms) {
    for (const library of librariesOf(room)) {
      rowsOf.set(library, [...(rowsOf.get(library) ?? []), room.name])
    }
  }

  const wrong = [...rowsOf].filter(
    ([library, names]) => names.length > (sharedLibraries.includes(library) ? 2 : 1),
  )

  t.deepEqual(wrong, [], 'keep the library in one room and let others ask that room')
})

test('[HO4] package.json and tsconfig.json of a room say what its row says', (t) => {
  for (const room of rooms) {
    const manifest = JSON.parse(readText(`${room.folder}/package.json`)) as Manifest
    const config = JSON.parse(readText(`${room.folder}/tsconfig.json`)) as Config
    const ours = room.ours.includes('*') ? undefined : room.ours
    const declared = Object.keys(manifest.dependencies ?? {})

    t.is(manifest.name, packageName(room.name))
    t.deepEqual(
      declared.filter((name) => !isOurs(name)).sort(),
      [...librariesOf(room)].sort(),
      `the libraries in ${room.folder}/package.json and in the row of ${room.name} differ`,
    )
    const references = (config.references ?? []).map(({ path: folder }) =>
      roomOfFolder(path.posix.join(room.folder, folder)),
    )
    t.deepEqual(
      references.sort(),
      declared.filter(isOurs).map(roomOfPackage).sort(),
      `the references in ${room.folder}/tsconfig.json and the rooms in its package.json differ`,
    )
    if (ours !== undefined) {
      t.deepEqual(references, [...ours].sort(), `${room.folder} and the row of ${room.name} differ`)
    }
  }
})

test('[HO5] no file reaches itself through imports of values', (t) => {
  const graph = new Map<string, string[]>()
  for (const file of rooms.flatMap(sourcesOf)) {
    const targets = importsOf(file).filter(
      ({ specifier, isTypeOnly }) => specifier.startsWith('.') && !isTypeOnly,
    )
    graph.set(
      file,
      targets.map(({ specifier }) => resolveRelative(file, specifier)),
    )
  }

  t.deepEqual(
    cyclesIn(graph),
    [],
    'move what both need into a file of its own, or import the type only',
  )
})

test('[HO9] every room of the table has a folder that builds', (t) => {
  const config = JSON.parse(readText('tsconfig.json')) as Config

  const folders = (config.references ?? []).map((reference) => reference.path)

  t.deepEqual(
    folders.sort(),
    rooms.map((room) => room.folder).sort(),
    'the root tsconfig.json lists every room of docs/ARCHITECTURE.md',
  )
})

interface Manifest {
  readonly name: string
  readonly dependencies?: Record<string, string>
}

interface Config {
  readonly references?: readonly { readonly path: string }[]
}

interface BareImport {
  readonly file: string
  readonly specifier: string
  /** The room it leads to, when it leads to one of ours. */
  readonly room: string | undefined
}

function roomNamed(name: string): Room {
  const found = rooms.find((room) => room.name === name)
  if (found === undefined) throw new Error(`docs/ARCHITECTURE.md has no row for ${name}`)
  return found
}

function bareImports(room: Room): BareImport[] {
  return sourcesOf(room).flatMap((file) =>
    importsOf(file)
      .filter(({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('data:'))
      .map(({ specifier }) => ({
        file,
        specifier,
        room: isOurs(specifier) ? roomOfPackage(specifier) : undefined,
      })),
  )
}

function isAllowed(room: Room, { specifier, room: target }: BareImport): boolean {
  if (target !== undefined) {
    return target === room.name || room.ours.includes('*') || room.ours.includes(target)
  }
  if (specifier.startsWith('node:')) {
    return room.theirs.includes('node:*') || room.theirs.includes(specifier)
  }
  return librariesOf(room).some(
    (library) => specifier === library || specifier.startsWith(`${library}/`),
  )
}

function librariesOf(room: Room): string[] {
  return room.theirs.filter((name) => !name.startsWith('node:'))
}

function isOurs(specifier: string): boolean {
  return /^(katydid|@katydid\/\w+)(\/|$)/.test(specifier)
}

function roomOfPackage(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  return first === 'katydid' ? first : second
}

function roomOfFolder(folder: string): string {
  return path.posix.basename(path.relative(root, path.join(root, folder)))
}

/** Every cycle once, as the files along it. */
function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) {
      cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}
