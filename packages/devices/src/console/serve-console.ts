/** A console core behind a messenger: declared calls in, declared answers out. */
import { actorPorts, consoleCalls } from '@katydid/abi'
import { invariant, later, type Messenger } from '@katydid/actor'
import type { ConsoleCore } from './console-core.js'

/** Serves the console calls to the kernel, which alone has a mailbox to it. Somebody calls `core.turn()` in each turn. */
export function serveConsole(messenger: Messenger, core: ConsoleCore): void {
  messenger.serve(consoleCalls, {
    consoleWrite: ({ lines }, call) => {
      invariant(call.from === actorPorts.kernel, 'DV1: the kernel alone prints', {
        from: call.from,
      })
      core.write(lines, (told) => call.reply({ status: 'ok', told }))
      return later
    },
    consoleShow: ({ line }) => {
      core.show(line)
      return { status: 'ok' }
    },
  })
}
