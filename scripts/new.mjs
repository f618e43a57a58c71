/**
 * `npm run new -- manager NAME`: a new manager from the template, with its test.
 *
 * Promises: what it makes compiles and passes its tests as it is. Never: it writes over nothing that is there.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** The text of the template, for `name`. */
function renamed(text, name) {
  const pascal = name.replace(/(^|-)(\w)/g, (_, _dash, letter) => letter.toUpperCase())
  return text
    .replaceAll('TemplateManager', `${pascal}Manager`)
    .replaceAll('template.js', `${name}.js`)
    .replaceAll('template.ts', `${name}.ts`)
    .replaceAll('template.worker', `${name}.worker`)
    .replaceAll('managers/template/', `managers/${name}/`)
    .replaceAll(': template', `: ${name}`)
    .replace(/^# template$/m, `# ${name}`)
    .replaceAll('The template manager', `The ${name} manager`)
    .replaceAll('a template manager', `the ${name} manager`)
    .replace(
      'What `npm run new -- manager NAME` copies: the smallest whole manager.',
      'Made from the template: say here in one sentence what it does.',
    )
}

/** Files of the new manager: from → to, below `root`. */
function plan(root, name) {
  const folder = 'packages/managers/src'
  const files = fs.readdirSync(path.join(root, folder, 'template'))
  return [
    ...files.map((file) => [
      `${folder}/template/${file}`,
      `${folder}/${name}/${file.replace(/^template/, name)}`,
    ]),
    ['tests/src/managers/template.test.ts', `tests/src/managers/${name}.test.ts`],
  ]
}

/** Makes the manager `name` in the tree at `root`; answers the files made. Throws a sentence when it cannot. */
export function newManager(name, root = home) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name ?? ''))
    throw new Error(`A manager's name is like read-ahead, not ${JSON.stringify(name)}.`)
  const files = plan(root, name)
  const taken = files.find(([, to]) => fs.existsSync(path.join(root, to)))
  if (taken !== undefined) throw new Error(`${taken[1]} is there already: choose another name.`)
  for (const [from, to] of files) {
    const target = path.join(root, to)
    fs.mkdirSync(path.dirname(target), { recursive: true })
    fs.writeFileSync(target, renamed(fs.readFileSync(path.join(root, from), 'utf8'), name))
  }
  return files.map(([, to]) => to)
}

function main([kind, name]) {
  if (kind !== 'manager') {
    process.stderr.write('katydid: say `npm run new -- manager NAME`\n')
    return 2
  }
  try {
    for (const file of newManager(name)) process.stdout.write(`${file}\n`)
    process.stdout.write(`Next: docs/guides/write-a-manager.md, and \`npm test -- ${name}\`.\n`)
    return 0
  } catch (error) {
    process.stderr.write(`katydid: ${error.message}\n`)
    return 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2))
