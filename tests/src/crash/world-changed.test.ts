/** What a world recorded of the modules it runs: another content is refused at opening, unless the host accepts it. On threads. */
import fs from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { KatydidError, type OpenOptions, type World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { openForTest } from '../support/worlds.js'

/** A manager of its own folder, in two files, and a world that has a container with it. */
async function worldWithManager(t: ExecutionContext) {
  const folder = temporaryFolder(t)
  const module = path.join(folder, 'manager.mjs')
  const part = path.join(folder, 'part.mjs')
  const served = import.meta.resolve('@katydid/managers/demand-zero/demand-zero.worker.js')
  fs.writeFileSync(part, `await import(${JSON.stringify(served)})\n`)
  fs.writeFileSync(module, "await import('./part.mjs')\n")
  const options = { dir: temporaryFolder(t), managers: [{ name: 'mine', module }] }
  const world = await openForTest(t, options)
  await world.createContainer({ name: 'c', manager: 'mine' })
  await world.snapshot()
  await world.close()
  const change = (text: string): void => fs.appendFileSync(part, text)
  return { options, module, part, change }
}

const refused = (t: ExecutionContext, options: OpenOptions): Promise<KatydidError> =>
  t.throwsAsync(openForTest(t, options), { instanceOf: KatydidError })

const isOpen = async (world: World): Promise<boolean> => (await world.snapshot()) > 0

test('[MG73] a manager whose module has changed is refused at opening, named or remembered; accepted once it is the new record', async (t) => {
  const { options, change } = await worldWithManager(t)
  const { dir } = options
  const same = await openForTest(t, options)
  await same.close()
  change('// another content\n')

  const named = await refused(t, options)
  const remembered = await refused(t, { dir })
  const accepted = await openForTest(t, { dir, acceptChanged: true })
  t.true(await isOpen(accepted))
  await accepted.close()
  const again = await openForTest(t, { dir })

  for (const error of [named, remembered]) {
    t.is(error.status, 'program_changed')
    t.regex(error.message, /manager at port 4 has changed.*manager\.mjs.*acceptChanged/)
  }
  t.true(await isOpen(again))
})

test('[MG73] one whose module is gone is refused with what is missing; one without containers may become anything', async (t) => {
  const { options, module, part } = await worldWithManager(t)
  const unused = { dir: temporaryFolder(t), managers: options.managers }
  await (await openForTest(t, unused)).close()
  fs.appendFileSync(part, '// changed\n')
  const free = await openForTest(t, unused)
  t.true(await isOpen(free))
  await free.close()

  fs.rmSync(module)
  const gone = await refused(t, { dir: options.dir })

  t.is(gone.status, 'no_such_program')
  t.regex(gone.message, /manager\.mjs/)
})

test('[WO24] a program of which an imported file has changed is refused at opening', async (t) => {
  const folder = temporaryFolder(t)
  const program = path.join(folder, 'main.mjs')
  fs.writeFileSync(program, "export { default } from './part.mjs'\n")
  fs.writeFileSync(path.join(folder, 'part.mjs'), "export default () => 'one'\n")
  const dir = temporaryFolder(t)
  const first = await openForTest(t, { dir })
  await first.run(program)
  await first.close()

  fs.writeFileSync(path.join(folder, 'part.mjs'), "export default () => 'two'\n")
  const error = await refused(t, { dir })

  t.is(error.status, 'program_changed')
})
