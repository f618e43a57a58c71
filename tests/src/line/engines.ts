/** The engines that are held against each other, in a fresh set. */
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import type { LineEngine } from '@katydid/kernel/state-interval/line/line.js'
import { FixpointEngine } from './engines/fixpoint.js'
import { JohnsonZwaenepoelEngine } from './engines/johnson-zwaenepoel.js'
import { RollbackGraphEngine } from './engines/rollback-graph.js'

export const engineKinds = {
  witness: () => new WitnessEngine(),
  fixpoint: () => new FixpointEngine(),
  'johnson-zwaenepoel': () => new JohnsonZwaenepoelEngine(),
  'rollback-graph': () => new RollbackGraphEngine(),
} as const satisfies Record<string, () => LineEngine>

export type EngineName = keyof typeof engineKinds

export const engineNames = Object.keys(engineKinds) as EngineName[]

/** One new engine of each kind; `instead` puts others in the place of some. */
export function freshEngines(
  instead: Partial<Record<EngineName, () => LineEngine>> = {},
): Record<string, LineEngine> {
  const made = engineNames.map((name) => [name, (instead[name] ?? engineKinds[name])()] as const)
  return Object.fromEntries(made)
}
