/** One process at a time. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { KatydidError } from '@katydid/world/error.js'
import { lockWorld } from '@katydid/world/lock.js'
import test from 'ava'
import { root } from '../support/house.js'
import { temporaryFolder } from '../support/folders.js'

/** A process that takes the lock of `folder`, says so, and stays. */
function holder(folder: string) {
  const module = `file://${root}/packages/world/dist/lock.js`
  const script = `
    import { lockWorld } from ${JSON.stringify(module)}
    await lockWorld(${JSON.stringify(folder)}, 1)
    console.log('held')
    setInterval(() => {}, 1000)`
  return spawn(process.execPath, ['--input-type=module', '-e', script])
}

test('[WO3] the second to open a world is told who has it', async (t) => {
  const folder = temporaryFolder(t)
  const child = holder(folder)
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')

  const error = await t.throwsAsync(lockWorld(folder, 1), { instanceOf: KatydidError })

  t.is(error.status, 'world_in_use')
  t.regex(error.sentence, new RegExp(`pid ${child.pid}\\b`))
})

test('[WO3] the lock goes with a killed process', async (t) => {
  const folder = temporaryFolder(t)
  const child = holder(folder)
  await once(child.stdout, 'data')

  child.kill('SIGKILL')
  await once(child, 'exit')

  const lock = await lockWorld(folder, 1)
  await lock.release()
  t.pass()
})

test('[WO3] a world under another name is the same world', async (t) => {
  const folder = temporaryFolder(t)
  const world = path.join(folder, 'world')
  fs.mkdirSync(world)
  fs.symlinkSync(world, path.join(folder, 'link'))
  const lock = await lockWorld(world, 1)

  const error = await t.throwsAsync(lockWorld(path.join(folder, 'link'), 1), {
    instanceOf: KatydidError,
  })
  await lock.release()
  const again = await lockWorld(path.join(folder, 'link'), 1)

  await again.release()
  t.is(error.status, 'world_in_use')
})
