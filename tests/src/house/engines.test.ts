/** The implementations of the line that are compared share nothing: what one gets wrong no other gets wrong by the same text. */
import path from 'node:path'
import test from 'ava'
import { readText, repositoryFiles, withoutComments } from '../support/house.js'

const kernelLine = 'packages/kernel/src/state-interval/line'
const engines: Readonly<Record<string, string>> = {
  witness: `${kernelLine}/engine.ts`,
  restart: `${kernelLine}/greatest.ts`,
  fixpoint: 'tests/src/line/engines/fixpoint.ts',
  'johnson-zwaenepoel': 'tests/src/line/engines/johnson-zwaenepoel.ts',
  'rollback-graph': 'tests/src/line/engines/rollback-graph.ts',
  'brute force': 'tests/src/line/engines/brute-force.ts',
}

test('[SI48] the engines that are compared share no file, with each other or with the truth', (t) => {
  const users = new Map<string, string[]>()
  for (const [name, file] of Object.entries(engines))
    for (const each of reachedFrom(file)) users.set(each, [...(users.get(each) ?? []), name])

  const shared = [...users].filter(([, names]) => names.length > 1)

  t.deepEqual(shared, [], 'an engine that is compared has no text in common with another')
})

test('[SI48] all engines of the folder are among them', (t) => {
  const files = repositoryFiles().filter((file) => file.startsWith('tests/src/line/engines/'))

  const unknown = files.filter((file) => !Object.values(engines).includes(file))

  t.deepEqual(unknown, [], 'name it in the table above')
})

test('[SI48] what the kernel’s engine consists of is found', (t) => {
  const parts = [...reachedFrom(engines['witness']!)].map((file) => path.posix.basename(file))

  for (const part of ['component.ts', 'forest.ts', 'link-cut.ts', 'unit.ts', 'wait-heap.ts'])
    t.true(parts.includes(part), part)
})

/** A file and all whose values it imports by a relative path or from the kernel; imports of types are gone when it runs. */
function reachedFrom(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  const text = withoutComments(readText(file))
  for (const [, what = '', from = ''] of text.matchAll(/^import\s+([^'"]*?)from\s+'([^']+)'/gm)) {
    if (/^type\b/.test(what)) continue
    const target = from.startsWith('.')
      ? path.posix.join(path.posix.dirname(file), from)
      : from.replace(/^@katydid\/kernel\//, 'packages/kernel/src/')
    if (target !== from) reachedFrom(target.replace(/\.js$/, '.ts'), found)
  }
  return found
}
