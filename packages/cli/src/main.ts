/** The process of the command: arguments in, exit status out. */
import { runCommand } from './index.js'
import { processScreen } from './screen.js'

process.exitCode = await runCommand(process.argv.slice(2), processScreen())
