/**
 * A manager is killed at each of its messages in turn: as it takes one, before it sends one, and right after. The kernel sees it end;
 * the world must come back behind nothing that was reported recoverable, and the script goes on to its end.
 */
import type { PortId } from '@katydid/abi'
import type { Messenger } from '@katydid/actor'
import { Crashed } from '@katydid/actor/sim-endpoint.js'
import type { CampaignRun, RunShape } from './campaign-run.js'
import type { Progress } from './crash-cuts.js'
import { Findings } from './findings.js'
import { crashShape, scriptedRun } from './scripted-run.js'

export interface KillOptions {
  readonly seed: number
  /** Kills at one message in so many; 1: at each. */
  readonly every: number
  readonly rounds?: number
  /** Only at the ten messages before it takes this call of the kernel, named as in the signatures: while it is on the way. */
  readonly before?: string
  /** Only managers of this name are killed, and their messages counted; nil: all. */
  readonly manager?: string
  readonly shape?: RunShape
  /** Only at this message: to have again what was found. */
  readonly only?: number
  readonly onProgress?: Progress
}

const onTheWay = 10

export interface KillResult {
  /** Points of the run at which a manager can be killed. */
  readonly points: number
  readonly kills: number
  /** Each kind of what is wrong, and how often it was found. */
  readonly kinds: Readonly<Record<string, number>>
  readonly wrong: readonly string[]
}

/** Runs the script once for each point at which its manager dies. */
export async function killAtMessages(options: KillOptions): Promise<KillResult> {
  const { seed, every, only } = options
  const taken: number[] = []
  const findings = new Findings()
  const count = await runWithKill(options, Infinity, (name, at) => {
    if (name === options.before) taken.push(at)
  })
  for (const what of count.wrong) findings.add(`seed ${seed}, the run`, what)
  let kills = 0
  const first = only ?? 1
  const last = only ?? count.points
  for (let at = first; at <= last; at += every) {
    const isNear = taken.some((point) => at >= point - onTheWay && at <= point)
    if (options.before !== undefined && !isNear) continue
    const { wrong: found } = await runWithKill(options, at)
    kills++
    for (const what of found)
      findings.add(`seed ${seed}, manager killed at its message ${at}`, what)
    options.onProgress?.(kills, findings.wrong)
  }
  const { kinds, wrong } = findings
  return { points: count.points, kills, kinds, wrong }
}

/** Told of each call that the manager takes, and of the number of that message. */
type Taken = (name: string, at: number) => void

async function runWithKill(
  { seed, rounds = 3, shape = crashShape, manager }: KillOptions,
  at: number,
  onTaken: Taken = () => {},
): Promise<{ points: number; wrong: string[] }> {
  const points = { seen: 0 }
  const doomed = { at, manager }
  try {
    const prepare = (begun: CampaignRun): void => watch(begun, points, doomed, onTaken)
    const run = await scriptedRun(seed, { rounds, shape }, prepare)
    const seen = points.seen
    await run.host.readBack()
    return { points: seen, wrong: [...run.world.problems] }
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { points: points.seen, wrong: [what] }
  }
}

/** Counts the manager's messages, and kills it at the one. */
function watch(
  { world }: CampaignRun,
  points: { seen: number },
  doomed: { readonly at: number; readonly manager: string | undefined },
  onTaken: Taken,
): void {
  const isMeant = (port: PortId): boolean => {
    if (doomed.manager === undefined) return true
    return world.kernel.machine.managers.at(port)?.program.name === doomed.manager
  }
  const point = (port: PortId): void => {
    if (!isMeant(port)) return
    points.seen++
    if (points.seen !== doomed.at) return
    world.killManager(`killed at its message ${doomed.at}`, port)
    throw new Crashed()
  }
  world.wrap = (messenger) => {
    const { port } = messenger
    const here = (): void => point(port)
    const taken = (name: string): void => {
      here()
      onTaken(name, points.seen)
    }
    const watched: Messenger = {
      port,
      call: (...args) => {
        here()
        messenger.call(...args)
        here()
      },
      callSync: (...args) => {
        here()
        const reply = messenger.callSync(...args)
        here()
        return reply
      },
      serve: (group, handlers) => messenger.serve(group, before(handlers, taken)),
      serveSome: (group, handlers) => messenger.serveSome(group, before(handlers, taken)),
    }
    return watched
  }
}

/** The same handlers, with something to do before each. */
function before<H extends object>(handlers: H, deed: (name: string) => void): H {
  const wrapped = Object.entries(handlers).map(([name, handle]) => [
    name,
    (...args: unknown[]): unknown => {
      deed(name)
      return (handle as (...of: unknown[]) => unknown)(...args)
    },
  ])
  return Object.fromEntries(wrapped) as H
}
