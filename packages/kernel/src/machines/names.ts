/** Names over machines: a host makes nothing whose name is in use on another machine. */
import { actorPorts, nameCalls, refuse, type Answer, type ArgsOf } from '@katydid/abi'
import { later, type Handlers, type IncomingCall } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Across } from './across.js'

type Calls = typeof nameCalls
type Name = ArgsOf<Calls['nameHere']>

const askMs = 5_000

/** The call that a host makes. */
export function nameHandlers(machine: Machine): Pick<Handlers<Calls>, 'nameFind'> {
  return { nameFind: (args, call) => nameFind(machine, args, call) }
}

/** The call that other machines make. */
export function serveNames(machine: Machine, { remote }: Across): void {
  remote.serve(nameCalls, { nameHere: (args) => nameHere(machine, args) })
}

/** name_find: every other machine is asked; one that has it makes it unimportant that another did not answer. */
function nameFind(
  { across }: Machine,
  args: Name,
  call: IncomingCall<Calls['nameFind']>,
): Answer<Calls['nameFind']> | typeof later {
  const others = across?.others ?? []
  if (across === null || others.length === 0) return { status: 'ok', machines: [] }
  const machines: typeof others = []
  let waiting = others.length
  let unknown: Answer<Calls['nameFind']> | null = null
  for (const other of others)
    across.remote.to(other).call(
      actorPorts.kernel,
      nameCalls.nameHere,
      args,
      (reply) => {
        if (reply.status !== 'ok')
          unknown = refuse(
            reply.status === 'frozen' ? 'frozen' : 'unreachable',
            `whether machine ${other} has “${args.name}” is not known: ${reply.detail}`,
          )
        else if (reply.found) machines.push(other)
        waiting -= 1
        if (waiting > 0) return
        machines.sort((a, b) => a - b)
        call.reply(machines.length > 0 || unknown === null ? { status: 'ok', machines } : unknown)
      },
      askMs,
    )
  return later
}

/** What was destroyed has its name until no crash can bring it back. */
function nameHere(machine: Machine, { kind, name }: Name): Answer<Calls['nameHere']> {
  if (machine.phase !== 'open' && machine.phase !== 'stopping')
    return refuse('frozen', 'the machine is being recovered')
  const { containers, graves, loci } = machine
  const found =
    kind === 'locus'
      ? loci.named(name) !== null
      : containers.named(name) !== null ||
        graves.some(({ container }) => name !== '' && container.name === name)
  return { status: 'ok', found }
}
