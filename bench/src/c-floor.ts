/**
 * A floor written in C, compiled when the bench runs and left out with a word when there is no compiler or the machine does not
 * allow what it does. It does one pass for each line it is given, and answers with a line of times.
 */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BenchOptions, Contender } from './bench.js'

export interface Floor extends Contender {
  end(): void
}

/** Compiles and starts `floors/NAME.c` with these arguments; null when that cannot be done here, which is said. */
export async function cFloor(
  name: string,
  args: readonly string[],
  say: BenchOptions['say'],
): Promise<Floor | null> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-floor-'))
  const removeFolder = (): void => fs.rmSync(folder, { recursive: true, force: true })
  const source = fileURLToPath(new URL(`../floors/${name}.c`, import.meta.url))
  const program = path.join(folder, name)
  const compiled = spawnSync('cc', ['-O2', '-pthread', source, '-o', program], { encoding: 'utf8' })
  if (compiled.status !== 0) {
    removeFolder()
    say(`The floor ${name} is left out: ${compiled.error?.message ?? compiled.stderr}`)
    return null
  }
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => undefined)
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const end = (): void => {
    child.kill()
    removeFolder()
  }
  const pass = async (): Promise<readonly number[]> => {
    child.stdin.write('pass\n')
    const line = await lines.next()
    if (line.done === true) throw new Error(`it ended with ${child.exitCode}`)
    return line.value.split(' ').map(Number)
  }
  try {
    await pass()
  } catch (error) {
    end()
    say(`The floor ${name} is left out: ${(error as Error).message}`)
    return null
  }
  return { pass, end }
}
