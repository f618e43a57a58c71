/**
 * `threads`: what it saves, and costs, that small actors share a thread (`threads: 'together'`), beside a thread each: opening worlds of three machines takes turns, and
 * calls of loci on the kernels of two open worlds. What threads there are and what memory they take is said along with it.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openWorld, type Container, type World } from 'katydid'
import type { Bench, Contender } from './bench.js'
import type { KernelWork } from './threads.program.js'

type Threads = 'apart' | 'together'

const program = fileURLToPath(new URL('./threads.program.js', import.meta.url))
const machines = 3

export const threads: Bench = {
  name: 'threads',
  question: 'what do small actors on one thread save, and what do they cost?',
  async run({ quick, say }, measure) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-bench-'))
    const opened: World[] = []
    try {
      for (const each of ['apart', 'together'] as const) say(await sizeOf(dir, each))
      await measure({
        name: `open-cpu-${machines}-machines`,
        unit: 'ms',
        katydid: opening(dir, 'together'),
        peers: { apart: opening(dir, 'apart') },
        targets: {},
        warmUps: 1,
        rounds: quick ? 2 : 8,
      })
      const calling = async (how: Threads): Promise<Contender> => {
        const world = await openWorld({ dir: path.join(dir, `calls-${how}`), threads: how })
        opened.push(world)
        return kernelCalls(world, quick ? 5 : 20)
      }
      await measure({
        name: 'kernel-call',
        unit: 'us',
        katydid: await calling('together'),
        peers: { apart: await calling('apart') },
        targets: {},
        warmUps: 1,
        rounds: quick ? 3 : 10,
      })
    } finally {
      for (const world of opened) await world.close()
      fs.rmSync(dir, { recursive: true, force: true })
    }
  },
}

/** A sentence on the threads and the memory of a process that has just opened such a world. */
async function sizeOf(dir: string, how: Threads): Promise<string> {
  const tasks = (): number => fs.readdirSync('/proc/self/task').length
  const mib = (): number => Math.round(process.memoryUsage().rss / 1024 ** 2)
  const before = { threads: tasks(), mib: mib() }
  const world = await openWorld({ dir: path.join(dir, `size-${how}`), machines, threads: how })
  const more = { threads: tasks() - before.threads, mib: mib() - before.mib }
  await world.close()
  return `${how}: ${machines} machines: ${more.threads} threads, ${more.mib} MiB more than before`
}

/** Milliseconds of processor time, of all threads, to open such a world and close it. */
const opening = (dir: string, how: Threads): Contender => ({
  pass: async () => {
    const before = process.cpuUsage()
    const world = await openWorld({ dir: path.join(dir, `open-${how}`), machines, threads: how })
    await world.close()
    const { user, system } = process.cpuUsage(before)
    return [(user + system) / 1000]
  },
})

let names = 0

/** Microseconds that a call on the kernel of that world takes a locus. */
async function kernelCalls(world: World, passes: number): Promise<Contender> {
  const box: Container = await world.createContainer({ name: 'box', size: 65536, program })
  return {
    pass: async () => {
      const args: KernelWork = { passes, times: 200 }
      const locus = await world.startLocus(box, { name: `calls ${names++}`, args })
      const { result } = await locus.result({ durable: 'volatile' })
      await locus.destroy()
      return result as readonly number[]
    },
  }
}
