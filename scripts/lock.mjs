/**
 * A lock between processes: one file, created exclusively, that names its holder.
 *
 * Promises: one holder at a time; a holder that died is noticed at once, one that hangs after the
 * timeout. The file is put in place by `link`, so nobody ever reads half of it.
 */
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for the lock and returns what releases it; throws one sentence after `timeoutMs`. */
export async function acquireLock(lockPath, { timeoutMs, onWait }) {
  const mine = `${process.pid} ${Date.now()} ${Math.random()}`
  const deadline = Date.now() + timeoutMs
  for (let tries = 0; ; tries++) {
    if (tryAcquire(lockPath, mine)) return () => release(lockPath, mine)
    const holder = read(lockPath)
    if (holder !== undefined && !isAlive(Number(holder.split(' ')[0]))) {
      breakLock(lockPath, holder)
      continue
    }
    if (tries === 5) onWait('another set-up is running in this folder; waiting for it')
    if (Date.now() > deadline) {
      throw new Error(`The set-up lock was not freed in time: see what process ${holder} does.`)
    }
    await sleep(100)
  }
}

function tryAcquire(lockPath, mine) {
  const draft = `${lockPath}.${process.pid}`
  fs.writeFileSync(draft, mine)
  try {
    fs.linkSync(draft, lockPath)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

function release(lockPath, mine) {
  if (read(lockPath) === mine) fs.rmSync(lockPath, { force: true })
}

/** By rename first: of several who saw the same dead holder, one gets it, and only that one's content counts. */
function breakLock(lockPath, holder) {
  const grave = `${lockPath}.${process.pid}.dead`
  try {
    fs.renameSync(lockPath, grave)
  } catch {
    return
  }
  const buried = read(grave)
  // Somebody else broke it and took it between our look and our rename: give it back.
  if (buried !== undefined && buried !== holder && !fs.existsSync(lockPath)) {
    fs.linkSync(grave, lockPath)
  }
  fs.rmSync(grave, { force: true })
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
