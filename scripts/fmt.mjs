/**
 * Formats every source, or with arguments those given: `npm run fmt -- packages/abi`.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { root, setUp } from './bootstrap.mjs'

await setUp({ build: false })
const oxfmt = path.join(root, 'node_modules/oxfmt/bin/oxfmt')
const { status } = spawnSync(process.execPath, [oxfmt, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
