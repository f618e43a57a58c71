/** What commands of the simulated fuzz are made of: a name for the report, a deed, and a look at what went wrong after it. */
import type { AnySignature, ArgsOf, PortId, Status } from '@katydid/abi'
import type { Messenger } from '@katydid/actor'
import * as fc from 'fast-check'
import type { CampaignRun } from './campaign-run.js'

export const containers = ['a', 'b', 'c', 'd', 'e'] as const
export const loci = ['l0', 'l1', 'l2', 'l3', 'l4'] as const

/** A command as fast-check sees it. The world model lives in the run, since it goes back with the world. */
export type AnyCommand = fc.AsyncCommand<object, CampaignRun>

type Deed = (run: CampaignRun) => unknown

/** A command: a name for the report, and what it does. */
class Command implements AnyCommand {
  readonly #text: string
  readonly #deed: Deed

  constructor(text: string, deed: Deed) {
    this.#text = text
    this.#deed = deed
  }

  check(): boolean {
    return true
  }

  async run(_: object, run: CampaignRun): Promise<void> {
    await this.#deed(run)
    // A disk that refused may have ended the world, as it must: it is opened anew.
    if (run.world.faulty && run.world.phase === 'failed') await run.cutPower()
    const { problems } = run.world
    if (problems.length > 0) throw new Error(problems.slice(0, 6).join('\n'))
  }

  toString(): string {
    return this.#text
  }
}

/** A command without arguments. */
export const simple = (name: string, deed: Deed): fc.Arbitrary<AnyCommand> =>
  fc.constant(new Command(name, deed))
/** A command with an argument drawn. */
export const of = <T>(
  arbitrary: fc.Arbitrary<T>,
  text: (drawn: T) => string,
  deed: (run: CampaignRun, drawn: T) => unknown,
): fc.Arbitrary<AnyCommand> =>
  arbitrary.map((drawn) => new Command(text(drawn), (run) => deed(run, drawn)))

/**
 * Makes a call and holds its status against those expected; a callee that died or was slow is as good, and so is a manager that dies before
 * it is answered.
 */
export async function expectReply<S extends AnySignature>(
  run: CampaignRun,
  messenger: Messenger,
  to: PortId,
  signature: S,
  args: ArgsOf<S>,
  expected: readonly Status[],
): Promise<void> {
  const { world } = run
  world.operations++
  const isManagers = messenger !== world.kernel.machine.messenger
  const status = await world.settleUnless(
    new Promise<Status>((resolve) => {
      messenger.call(to, signature, args, ({ status: answered }) => resolve(answered))
    }),
    () => isManagers && world.managerMessenger !== messenger,
  )
  if (status === null) return
  const fate: readonly Status[] = ['actor_gone', 'timed_out']
  if (!expected.includes(status) && !fate.includes(status))
    world.problems.push(`${signature.name}: ${status}, not ${expected.join(' or ')}`)
}
