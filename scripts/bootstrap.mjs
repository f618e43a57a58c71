/**
 * Set-up and build, from nothing but Node and npm.
 *
 * Promises: when `setUp()` returns, dependencies are those of pnpm-lock.yaml and every `dist` is what
 * its `src` says. A warm call reads file dates only. Two at once wait for each other. Everything it
 * has to say goes to standard error; standard output belongs to the program that runs next.
 * Never: it asks nothing, needs no HOME, and leaves no half of a set-up that looks like a whole one
 * (a stamp is written last).
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { acquireLock } from './lock.mjs'
import { outputsOf, removeStaleOutputs, rooms, sourcesOf } from './rooms.mjs'

const pnpm = 'pnpm@12.21.0'
const oldestNode = [20, 19]
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const modules = path.join(root, 'node_modules')
const installStamp = path.join(modules, '.katydid-installed')
const buildStamp = path.join(modules, '.katydid-built')
const lockPath = path.join(root, '.katydid-setup.lock')

/** A set-up that cannot go on: one sentence, no stack. */
export class SetUpError extends Error {}

/** Writes one line for a person, never on standard output. */
export function say(line) {
  process.stderr.write(`katydid: ${line}\n`)
}

/**
 * Makes `node_modules` and every `dist` true to the sources, or throws a `SetUpError`. With `relock`
 * the lockfile is written anew; without `build` the sources are left as they are.
 */
export async function setUp({ relock = false, build: wantsBuild = true } = {}) {
  checkNode()
  if (!relock && isInstalled() && (!wantsBuild || isBuilt())) return
  const release = await acquireLock(lockPath, { timeoutMs: 300_000, onWait: say }).catch(
    (error) => {
      throw new SetUpError(error.message)
    },
  )
  try {
    if (relock || !isInstalled()) await install(relock)
    if (wantsBuild && !isBuilt()) await build()
  } finally {
    release()
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return
  throw new SetUpError(
    `Node ${process.versions.node} is too old: install Node ${oldestNode.join('.')} or later.`,
  )
}

function isInstalled() {
  return readOr(installStamp, '') === installHash()
}

function isBuilt() {
  return (
    readOr(buildStamp, '') === buildHash() && rooms(root).every((room) => areOutputsThere(room))
  )
}

async function install(relock) {
  say('installing dependencies (once; some seconds)')
  const startedAt = Date.now()
  fs.rmSync(installStamp, { force: true })
  fs.rmSync(buildStamp, { force: true })
  const lockfile = relock ? '--no-frozen-lockfile' : '--frozen-lockfile'
  const args = ['-y', pnpm, 'install', lockfile, '--reporter=append-only']
  for (let attempt = 1; ; attempt++) {
    const { code, output } = await run(npxCommand(), [...npxArgs(), ...args])
    if (code === 0) break
    if (attempt === 2 || /ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
      process.stderr.write(output)
      throw new SetUpError(
        /ERR_PNPM_OUTDATED_LOCKFILE/.test(output)
          ? 'pnpm-lock.yaml does not match the package.json files: run `npm run relock`.'
          : `Installing the dependencies failed (exit ${code}); what it said stands above.`,
      )
    }
    say('installing failed; trying once more')
  }
  fs.writeFileSync(installStamp, installHash())
  say(`dependencies installed in ${seconds(startedAt)}`)
}

async function build() {
  say('building')
  const startedAt = Date.now()
  // Taken before the build: a file saved while it runs makes the next call build again.
  const hash = buildHash()
  // A build that fails must not leave the stamp of the one before: its outputs are a mixture.
  fs.rmSync(buildStamp, { force: true })
  for (const room of rooms(root)) {
    removeStaleOutputs(room)
    // tsc believes its own record; without it, it writes again what somebody deleted.
    if (!areOutputsThere(room)) fs.rmSync(path.join(room, 'dist/.tsbuildinfo'), { force: true })
  }
  const tsc = path.join(modules, 'typescript/bin/tsc')
  const { code, output } = await run(process.execPath, [tsc, '-b', '--pretty', 'false'])
  if (code !== 0) {
    process.stderr.write(output)
    throw new SetUpError('The build failed: mend the type errors above and run it again.')
  }
  fs.writeFileSync(buildStamp, hash)
  say(`built in ${seconds(startedAt)}`)
}

/** Changes with anything that decides what is installed. */
function installHash() {
  const hash = createHash('sha256')
  hash.update(`${pnpm} ${process.platform} ${process.arch} ${process.versions.modules}\n`)
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  for (const room of rooms(root)) files.push(path.relative(root, path.join(room, 'package.json')))
  for (const file of files) hash.update(`${file}\n${readOr(path.join(root, file), '')}\n`)
  return hash.digest('hex')
}

/** Changes with the name, size or date of any source: no source is read. */
function buildHash() {
  const hash = createHash('sha256')
  const files = ['tsconfig.json', 'tsconfig.base.json', installStamp]
  for (const room of rooms(root)) files.push(path.join(room, 'tsconfig.json'), ...sourcesOf(room))
  for (const file of files) {
    const stat = fs.statSync(path.resolve(root, file), { throwIfNoEntry: false })
    hash.update(`${path.relative(root, path.resolve(root, file))} ${stat?.size} ${stat?.mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function areOutputsThere(room) {
  return sourcesOf(room).every((source) =>
    outputsOf(room, source).every((output) => fs.existsSync(output)),
  )
}

/** npm's own script where npm started us (no second look-up), else whatever `npx` PATH has. */
function npxCommand() {
  return npxCli() === undefined ? 'npx' : process.execPath
}

function npxArgs() {
  const cli = npxCli()
  return cli === undefined ? [] : [cli]
}

function npxCli() {
  const npmCli = process.env.npm_execpath
  if (npmCli === undefined || path.basename(npmCli) !== 'npm-cli.js') return undefined
  const cli = path.join(path.dirname(npmCli), 'npx-cli.js')
  return fs.existsSync(cli) ? cli : undefined
}

function run(command, args) {
  // CI: pnpm must not ask. An empty HOME is no HOME: the account's own folder is looked up instead.
  const env = { ...process.env, CI: 'true' }
  if (env.HOME === '') delete env.HOME
  // The settings of the npm that runs us are not meant for the one it starts.
  for (const name of Object.keys(env))
    if (/^npm_(package|lifecycle|command)/.test(name)) delete env[name]
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => (output += chunk))
    }
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }))
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }))
  })
}

function readOr(file, otherwise) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}

function seconds(startedAt) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const relock = process.argv.includes('--relock')
    await setUp({ relock, build: !relock })
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    say(error.message)
    process.exitCode = 1
  }
}
