/**
 * Engines with one flaw each, made for the tests alone: the engine of the kernel from its own built text with one place changed, the
 * others by a class that overrides one part.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { LineEngine } from '@katydid/kernel/state-interval/line/line.js'
import { FixpointEngine } from './engines/fixpoint.js'
import { JohnsonZwaenepoelEngine } from './engines/johnson-zwaenepoel.js'
import { RollbackGraphEngine, type Edges } from './engines/rollback-graph.js'

/** One place of the engine's text, and what stands there instead. */
export interface Patch {
  readonly what: string
  readonly file: string
  readonly from: string
  readonly to: string
}

export const patches: readonly Patch[] = [
  {
    what: 'a point does not need the one before it',
    file: 'engine',
    from: 'newest > unit.line',
    to: 'newest < 0',
  },
  {
    what: 'the target of a need is a point too late',
    file: 'unit',
    from: '.interval >= interval)',
    to: '.interval > interval)',
  },
  {
    what: 'the needs of who is absorbed are forgotten',
    file: 'component',
    from: 'other.needs !== null',
    to: 'other === null',
  },
  {
    what: 'what hung on the absorbed is forgotten',
    file: 'component',
    from: 'other.children === null',
    to: 'other !== null',
  },
  {
    what: 'what is cut loose is not looked at again',
    file: 'forest',
    from: 'loose.push(child);',
    to: '',
  },
  {
    what: 'who waits for just this interval is not served',
    file: 'wait-heap',
    from: 'first.interval > interval',
    to: 'first.interval >= interval',
  },
  {
    what: 'the heap gives whoever came first',
    file: 'wait-heap',
    from: 'parent.interval <= interval',
    to: 'parent.interval > 0',
  },
  {
    what: 'only the leader of a component enters the line',
    file: 'engine',
    from: 'member = member.nextMember',
    to: 'member = null',
  },
  {
    what: 'a need just above the line counts as met',
    file: 'engine',
    from: 'need.interval <= unit.line',
    to: 'need.interval <= unit.line + 1',
  },
]

/** The kernel's engine with one place changed. Errors when the text has not exactly one such place. */
export async function patchedWitness(patch: Patch): Promise<() => LineEngine> {
  const source = path.dirname(
    fileURLToPath(import.meta.resolve('@katydid/kernel/state-interval/line/engine.js')),
  )
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-flawed-'))
  try {
    fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
    for (const name of fs.readdirSync(source).filter((each) => each.endsWith('.js'))) {
      let text = fs.readFileSync(path.join(source, name), 'utf8')
      if (name === `${patch.file}.js`) {
        if (text.split(patch.from).length !== 2)
          throw new Error(`${name} does not have exactly one place that reads ${patch.from}`)
        text = text.replace(patch.from, patch.to)
      }
      const actor = import.meta.resolve('@katydid/actor')
      fs.writeFileSync(path.join(folder, name), text.replaceAll("'@katydid/actor'", `'${actor}'`))
    }
    const made = (await import(pathToFileURL(path.join(folder, 'engine.js')).href)) as {
      readonly WitnessEngine: new () => LineEngine
    }
    return () => new made.WitnessEngine()
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

/** Goes through the units once and not until nothing moves. */
export class HastyFixpoint extends FixpointEngine {
  protected override greatest(): Map<number, number> {
    const intervals = new Map<number, number>()
    for (const [unit, rows] of this.rows) {
      const met = rows.findLast(({ received }) =>
        [...received].every(([from, sent]) => sent <= (this.rows.get(from)?.at(-1)?.interval ?? 0)),
      )
      intervals.set(unit, met?.interval ?? 0)
    }
    return intervals
  }
}

/** Tries only one of the points that were put off. */
export class ForgetfulJohnsonZwaenepoel extends JohnsonZwaenepoelEngine {
  protected override takeDeferred(under: number): (readonly [number, number])[] {
    return super.takeDeferred(under).slice(0, 1)
  }
}

/** Lets later points of a unit stand when an earlier one falls. */
export class DisorderedRollbackGraph extends RollbackGraphEngine {
  protected override reached(
    node: Parameters<RollbackGraphEngine['reached']>[0],
    { receivers }: Edges,
  ): ReturnType<RollbackGraphEngine['reached']> {
    return receivers.get(node) ?? []
  }
}
