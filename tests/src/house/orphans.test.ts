/**
 * Every source is reached from somewhere.
 */
import test from 'ava'
import { importsOf, packageName, readRooms, resolveRelative, sourcesOf } from '../support/house.js'

const rooms = readRooms()
const looked = rooms.filter((room) => room.name !== 'tests' && room.name !== 'bench')

test('[HO14] every source is reached from an entry', (t) => {
  const all = rooms.flatMap(sourcesOf)
  const reached = new Set<string>()
  const waiting = all.filter(isEntry)
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file) || !all.includes(file)) continue
    reached.add(file)
    for (const { specifier } of importsOf(file)) waiting.push(...targetsOf(file, specifier))
  }

  const orphans = looked.flatMap(sourcesOf).filter((file) => !reached.has(file))

  t.deepEqual(orphans, [], 'import the file where it is wanted, or delete it')
})

function isEntry(file: string): boolean {
  return /\/src\/(index|main)\.ts$|\.worker\.ts$|^(tests|bench)\//.test(file)
}

/** Where an import leads: beside the file, or into another room by a path of its own. */
function targetsOf(file: string, specifier: string): string[] {
  if (specifier.startsWith('.')) return [resolveRelative(file, specifier)]
  return rooms
    .filter((room) => specifier.startsWith(`${packageName(room.name)}/`))
    .map((room) => {
      const inside = specifier.slice(packageName(room.name).length + 1).replace(/\.js$/, '')
      return `${room.folder}/src/${inside}.ts`
    })
}
