/**
 * Commands about the past: how many snapshots are retained, which there are, one opened for reading, forked, given up. What is opened and forked holds, word
 * for word, what the model was at that point.
 */
import * as fc from 'fast-check'
import type { CampaignRun } from './campaign-run.js'
import { containers, of, simple, type AnyCommand } from './fuzz-command.js'

const container = fc.constantFrom(...containers)
const nth = fc.nat(6)
/** Names of what begins as a snapshot. */
const forks = fc.constantFrom('f', 'g')
const openings = fc.constantFrom('o', 'p')

/** The commands, and how often each comes. */
export const snapshots: readonly [number, fc.Arbitrary<AnyCommand>][] = [
  [
    8,
    of(
      fc.tuple(container, fc.oneof(forks, openings), nth),
      ([source, name, which]) => `a past of ${source}, snapshot ${which} as ${name}`,
      past,
    ),
  ],
  [
    6,
    of(
      fc.tuple(
        container,
        fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constant(101) }),
      ),
      ([name, count]) => `retain ${count} of ${name}`,
      ({ host }, [name, count]) => host.retain(name, count),
    ),
  ],
  [
    3,
    of(
      container,
      (name) => `snapshots of ${name}`,
      ({ host }, name) => host.listed(name),
    ),
  ],
  [
    4,
    of(
      fc.tuple(container, forks, nth),
      ([source, name, which]) => `fork snapshot ${which} of ${source} as ${name}`,
      ({ host }, [source, name, which]) => host.fork(source, name, which),
    ),
  ],
  [
    4,
    of(
      fc.tuple(container, openings, nth),
      ([source, name, which]) => `open snapshot ${which} of ${source} as ${name}`,
      ({ host }, [source, name, which]) => host.openSnapshot(source, name, which),
    ),
  ],
  [
    3,
    of(
      fc.tuple(container, nth),
      ([name, which]) => `drop snapshot ${which} of ${name}`,
      ({ host }, [name, which]) => host.drop(name, which),
    ),
  ],
  [
    6,
    of(
      fc.tuple(fc.constantFrom('l0', 'l1', 'l2', 'l3', 'l4'), fc.oneof(forks, openings)),
      ([name, home]) => `start ${name} in ${home}`,
      live,
    ),
  ],
  [
    2,
    of(
      fc.oneof(forks, openings),
      (name) => `destroy ${name}`,
      ({ host }, name) => host.destroy(name),
    ),
  ],
  [2, simple('what a process opened ends with it', ({ host }) => host.closedWithTheProcess())],
]

/** A container that is changed between snapshots, one of which another begins as. */
async function past(
  run: CampaignRun,
  [source, name, which]: [string, string, number],
): Promise<void> {
  const { host } = run
  if (!run.world.model.containers.has(source)) await host.create(source, 36)
  await host.adopt(source)
  await host.setProgram(source, 'random')
  await host.retain(source, 3)
  for (let round = 0; round <= which % 3; round++) {
    await host.start(`past ${round}`, source)
    run.world.run(12)
    await host.snapshot(true)
  }
  run.world.run(10)
  if (name === 'o' || name === 'p') await host.openSnapshot(source, name, which)
  else await host.fork(source, name, which)
  await live(run, [`past of ${name}`, name])
}

/** A locus of what began as a snapshot: in one that is opened it is refused whatever it would store. */
async function live({ host }: CampaignRun, [name, home]: [string, string]): Promise<void> {
  await host.setProgram(home, 'random')
  await host.start(name, home)
}
