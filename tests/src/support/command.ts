/** The real command, as a process of its own. */
import { execFile } from 'node:child_process'
import { root } from './house.js'

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const longestMs = 60_000

/** Runs `katydid ARGS` in `folder`, without a terminal. */
export function katydid(folder: string, ...args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [`${root}/packages/cli/dist/main.js`, ...args],
      { cwd: folder, timeout: longestMs, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    )
  })
}
