/**
 * The main job: index real text in a world that is killed on the way, and prove the index right.
 *
 * Exit status 0 only when the index equals a plain in-memory count and the run has shown what it is there to show;
 * 1 with a sentence otherwise; 130 when it was stopped.
 */
import { reportJson } from './report/json.js'
import { reportLines } from './report/lines.js'
import { parseOptions, usage, UsageError, type Options } from './options.js'
import { runMainJob } from './run.js'

const { stdout } = process

process.exitCode = await main()

async function main(): Promise<number> {
  let options: Options
  try {
    options = parseOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 32))
  } catch (error) {
    return refuse(error)
  }
  if (options.help) {
    stdout.write(`${usage}\n`)
    return 0
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stop.abort())
  // Nobody reads any more (`npm start | head`): the job stops in good order.
  stdout.on('error', () => stop.abort())
  try {
    return await runMainJob(options, reporter(options), stop.signal)
  } catch (error) {
    return refuse(error)
  }
}

function reporter({ json }: Options): ReturnType<typeof reportJson> {
  const write = (text: string): void => void stdout.write(text)
  const nowMs = (): number => performance.now()
  if (json) return reportJson(write, nowMs)
  const isTerminal = stdout.isTTY && process.env['TERM'] !== 'dumb'
  return reportLines({ isTerminal, columns: () => stdout.columns, write, nowMs })
}

/** One sentence for what the user can mend; a bug of ours is shown as it is. */
function refuse(error: unknown): number {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`katydid: ${error.message}\n`)
  return 1
}
