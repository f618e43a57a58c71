/** SI: what is read back from the disk is checked field by field: whatever does not have the kind that it must have makes it no record. */
import { outputCalls } from '@katydid/abi'
import { Assembly, readPart } from '@katydid/kernel/state-interval/parts.js'
import { packRecord, unpackRecord } from '@katydid/kernel/state-interval/record-bytes.js'
import type { KernelRecord } from '@katydid/kernel/state-interval/records.js'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'
import { home, logged, visit } from './support/visits.js'

/** The newest record of each kind, of a world with loci that run and that have ended, that keeps lines, prints and went back. */
async function records(): Promise<KernelRecord[]> {
  const world = await KernelWorld.open({ keepLines: 3, shape: { maxLoci: 4 } })
  const { x, d } = { x: await home(world, 'x'), d: await logged(world, 'd') }
  const snapshot = async (): Promise<void> => {
    world.setState(x.port, 'resting')
    world.write()
    await world.call('world_snapshot', { durable: true, keep: true })
    world.run(100)
  }
  await world.call('semaphore_create', { count: 1 })
  await world.endLocus(await world.locus(x.cont, 'over'))
  world.said(world.loci.get(x.port)!, outputCalls.outputPrint, {
    text: 'a',
    durable: 'recoverable',
  })
  await snapshot()
  visit(world, x, d, 7)
  world.run(500)
  await snapshot()
  const { kernel } = world
  await world.call('line_rollback', { line: kernel.machine.kept.names[0]!, dry: false })
  world.run(100)
  const newest = new Map<string, KernelRecord>()
  const assembly = new Assembly()
  for (const { kind, content } of (await world.scan()).found) {
    const bytes = assembly.add(kind, readPart(content)!)
    const record = bytes === null ? null : unpackRecord(bytes)
    // The longest has the most in it.
    const known = newest.get(kind)
    if (record !== null && lengthOf(record) >= (known === undefined ? 0 : lengthOf(known)))
      newest.set(kind, record)
  }
  return [...newest.values()]
}

const lengthOf = (record: KernelRecord): number => packRecord(record).length

/** The same record with one field of another kind, once for each field; of lists the first item stands for all. */
function* spoilt(value: unknown, path: string): Generator<readonly [path: string, unknown]> {
  const isOpen = typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
  yield [path, typeof value === 'number' || value === null || isOpen ? 'x' : 7]
  if (Array.isArray(value)) {
    const [first, ...rest] = value as unknown[]
    if (value.length === 0) return
    for (const [where, each] of spoilt(first, `${path}[0]`)) yield [where, [each, ...rest]]
  } else if (isOpen)
    for (const [key, of] of Object.entries(value))
      for (const [where, each] of spoilt(of, `${path}.${key}`))
        yield [where, { ...value, [key]: each }]
}

test('[SI19] a record in which any field is of another kind is no record', async (t) => {
  const all = await records()

  const passed = all.flatMap((record) =>
    [...spoilt(record, record.kind)]
      .slice(1)
      .filter(([, each]) => unpackRecord(packRecord(each as KernelRecord)) !== null)
      .map(([path]) => path),
  )

  t.deepEqual(all.map(({ kind }) => kind).toSorted(), [
    'capture',
    'inputs',
    'kept_line',
    'line',
    'output',
    'root_page',
  ])
  t.deepEqual(passed, [])
})
