/** Names of containers and loci, each used once in a world: nothing is made here whose name another machine has. */
import { nameCalls } from '@katydid/abi'
import { setTimeout as sleep } from 'node:timers/promises'
import { KatydidError } from './error.js'
import { refused } from './host-call.js'
import type { HostedMachine } from './hosted-machine.js'

type Kind = 'container' | 'locus'

/** How long a machine that does not answer, or is being recovered, is asked again. */
const askForMs = 15_000
const againMs = 200

/** Other machines that have the name. Rejects with `unreachable` while one of them does not say. */
export async function whoElseHas(
  machine: HostedMachine,
  kind: Kind,
  name: string,
): Promise<readonly number[]> {
  const endMs = performance.now() + askForMs
  for (;;) {
    const reply = await machine.host(nameCalls.nameFind, { kind, name })
    if (reply.status === 'ok') return reply.machines
    if (reply.status !== 'frozen' && reply.status !== 'unreachable')
      throw refused(`${kind} ${name}`, reply)
    if (performance.now() >= endMs)
      throw new KatydidError(
        'unreachable',
        `${kind} ${name}: a name is given when all machines of the world have said that they do not have it; ${reply.detail}. Start that one.`,
      )
    await sleep(againMs)
  }
}

/** What is told to whoever wants the name on another machine. */
export const nameInUse = (kind: Kind, name: string, on: number): KatydidError =>
  new KatydidError(
    'bad_argument',
    `The ${kind} ${name} is on machine ${on}. Names are used once in a world: choose another, or use that machine.`,
  )
