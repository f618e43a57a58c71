/** The real command, as a process of its own. */
import { execFile, type ChildProcess } from 'node:child_process'
import { root } from './house.js'

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const longestMs = 60_000

/** A command under way. */
export interface Command {
  readonly child: ChildProcess
  readonly ended: Promise<CommandResult>
  /** Settles when `text` stands on standard output. */
  sees(text: string): Promise<void>
}

/** Runs `katydid ARGS` in `folder`, without a terminal. */
export function katydid(folder: string, ...args: readonly string[]): Promise<CommandResult> {
  return startCommand(folder, ...args).ended
}

/** Starts `katydid ARGS` in `folder`, without a terminal; it is killed if it takes longer than a minute. */
export function startCommand(folder: string, ...args: readonly string[]): Command {
  let done: (result: CommandResult) => void = () => undefined
  const ended = new Promise<CommandResult>((resolve) => {
    done = resolve
  })
  const child = execFile(
    process.execPath,
    [`${root}/packages/cli/dist/main.js`, ...args],
    { cwd: folder, timeout: longestMs, killSignal: 'SIGKILL' },
    (_, stdout, stderr) => done({ status: child.exitCode, stdout, stderr }),
  )
  const sees = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      let seen = ''
      child.stdout?.on('data', (chunk: string) => {
        seen += chunk
        if (seen.includes(text)) resolve()
      })
      void ended.then(() => reject(new Error(`it ended without saying “${text}”: ${seen}`)))
    })
  return { child, ended, sees }
}
