/**
 * What each engine looks at on each named stream: inspections a dependency. An engine that takes too long is stopped, and what it
 * had needed by then is told. The kernel's engine stands there twice: as it is, and walking from witness to witness to find a root.
 */
import { engineKinds } from '../line/engines.js'
import { patchedWitness } from '../line/flawed.js'
import { dependencyCount } from '../line/judge.js'
import { tableStreams } from '../line/streams.js'
import type { LineEngine, Point } from '@katydid/kernel/state-interval/line/line.js'

export interface Cell {
  readonly engine: string
  /** Inspections a dependency, of the points it was fed. */
  readonly inspections: number
  readonly isStopped: boolean
  /** Of a processor, so that it says little of how busy the machine was. */
  readonly microsecondsPerPoint: number
}

export interface TableRow {
  readonly stream: string
  readonly points: number
  readonly dependencies: number
  readonly cells: readonly Cell[]
}

/** Row by row, of the streams whose name contains the word; each engine has so many milliseconds of a processor for a stream. */
export async function* lineTable(limitMs: number, word = ''): AsyncGenerator<TableRow> {
  const walking = await patchedWitness({
    what: 'roots are found by walking',
    file: 'forest',
    from: 'rootOf(point, meter) === root',
    to: walk,
  })
  const engines: Record<string, () => LineEngine> = {
    'from scratch': engineKinds.fixpoint,
    'Johnson-Zwaenepoel': engineKinds['johnson-zwaenepoel'],
    'rollback graph': engineKinds['rollback-graph'],
    'forest, walking': walking,
    'forest, link-cut': engineKinds.witness,
  }
  for (const { name, make } of tableStreams().filter((each) => each.name.includes(word))) {
    const points = make()
    yield {
      stream: name,
      points: points.length,
      dependencies: dependencyCount(points),
      cells: Object.entries(engines).map(([engine, made]) =>
        measure(engine, made(), points, limitMs),
      ),
    }
  }
}

const walk = `(() => {
  let at = leaderOf(point, meter)
  while (at.witness !== null) {
    meter.steps++
    at = leaderOf(at.witness, meter)
  }
  return at === root
})()`

function measure(
  name: string,
  engine: LineEngine,
  points: readonly Point[],
  limitMs: number,
): Cell {
  const began = process.cpuUsage()
  const took = () => {
    const { user, system } = process.cpuUsage(began)
    return user + system
  }
  let fed = 0
  while (fed < points.length && (fed % 8 !== 0 || took() < limitMs * 1000))
    engine.stable(points[fed++]!)
  return {
    engine: name,
    inspections: engine.steps / dependencyCount(points.slice(0, fed)),
    isStopped: fed < points.length,
    microsecondsPerPoint: took() / fed,
  }
}
