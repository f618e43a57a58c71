/**
 * `audit`: what it costs to look, in the background, whether deterministic containers are that: with every capture (`auditEvery: 1`), beside every
 * 16th, the default, and none. Three worlds take turns; of each the time that a visit takes, and the processor time of the whole process for it.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openWorld, type Container, type World } from 'katydid'
import type { AuditWork } from './audit.program.js'
import type { Bench, Contender } from './bench.js'

const program = fileURLToPath(new URL('./audit.program.js', import.meta.url))
const snapshotEveryMs = 100

interface Auditing {
  readonly world: World
  readonly desk: Container
  readonly till: AuditWork['till']
}

export const audit: Bench = {
  name: 'audit',
  question:
    'what does it cost to run the visits of a deterministic container again, to see whether it is?',
  async run({ quick, say }, measure) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-bench-'))
    const worlds: Auditing[] = []
    try {
      for (const every of [1, 16, 0]) worlds.push(await auditing(path.join(dir, `${every}`), every))
      const [each, some, none] = worlds as [Auditing, Auditing, Auditing]
      const pace = { warmUps: 1, rounds: quick ? 3 : 10 }
      for (const [name, of] of [
        ['visit', elapsed],
        ['visit-cpu', processorTime],
      ] as const) {
        const contender = (one: Auditing): Contender => of(one, quick ? 2000 : 4000)
        const peers = { 'every-16th': contender(some), none: contender(none) }
        await measure({ name, unit: 'us', katydid: contender(each), peers, targets: {}, ...pace })
      }
      for (const { world } of worlds) say(`audits: ${JSON.stringify(await auditsOf(world))}`)
    } finally {
      for (const { world } of worlds) await world.close()
      fs.rmSync(dir, { recursive: true, force: true })
    }
  },
}

async function auditing(dir: string, auditEvery: number): Promise<Auditing> {
  const managers = [{ name: 'deterministic' }]
  const world = await openWorld({
    dir,
    frames: 256,
    loci: 6,
    snapshotEveryMs,
    auditEvery,
    managers,
  })
  const size = 65536
  const till = await world.createContainer({
    name: 'till',
    size,
    program,
    manager: 'deterministic',
  })
  const desk = await world.createContainer({ name: 'desk', size, program })
  const found = { world, desk, till: await world.grant(desk, till) }
  await world.snapshot()
  return found
}

let names = 0

async function visited({ world, desk, till }: Auditing, forMs: number): Promise<number> {
  const args: AuditWork = { till, forMs }
  const locus = await world.startLocus(desk, { name: `visits ${names++}`, args })
  const { result } = await locus.result({ durable: 'volatile' })
  await locus.destroy()
  return result as number
}

/** Microseconds from one visit to the next. */
const elapsed = (of: Auditing, forMs: number): Contender => ({
  pass: async () => [(forMs * 1000) / (await visited(of, forMs))],
})

/** Microseconds of all threads together, for a visit: what it costs where there are processors enough. */
const processorTime = (of: Auditing, forMs: number): Contender => ({
  pass: async () => {
    const before = process.cpuUsage()
    const count = await visited(of, forMs)
    const { user, system } = process.cpuUsage(before)
    return [(user + system) / count]
  },
})

async function auditsOf(world: World): Promise<unknown> {
  return ((await world.status()).report as { readonly audits: unknown }).audits
}
