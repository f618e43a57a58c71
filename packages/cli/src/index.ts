/**
 * The command `katydid`, one file a verb.
 *
 * Every refusal is one sentence on standard error and an exit status that is not 0; results go to standard output.
 */
import { Command, CommanderError } from 'commander'
import { KatydidError } from 'katydid'
import type { Screen } from './screen.js'
import { joinVerb } from './verbs/join.js'
import { rollbackVerb } from './verbs/rollback.js'
import { runVerb } from './verbs/run.js'
import { snapshotsVerb } from './verbs/snapshots.js'
import { statusVerb } from './verbs/status.js'

/** Runs one command line. Answers the exit status: 0 done, 1 refused or failed, 2 not understood. */
export async function runCommand(argv: readonly string[], screen: Screen): Promise<number> {
  const command = new Command('katydid').description(
    'Run programs whose memory survives: paged, snapshotted, resumed after a kill.',
  )
  for (const verb of [runVerb, joinVerb, statusVerb, snapshotsVerb, rollbackVerb])
    command.addCommand(verb(screen))
  for (const each of [command, ...command.commands])
    each
      .exitOverride()
      .showSuggestionAfterError(false)
      .configureOutput({
        writeOut: (text) => screen.out(text.trimEnd()),
        writeErr: (text) => screen.err(text.trimEnd()),
        outputError: (text, write) => write(`katydid: ${text.trim().replace(/^error: /, '')}`),
      })
  try {
    await command.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof KatydidError)) throw error
    screen.err(`katydid: ${error.sentence} [${error.status}]`)
    return 1
  }
}
