/** Katydid and its peers take turns, one pass each a round, so that what else the machine does meets all of them. */
import { availableParallelism } from 'node:os'
import type { Case, Contender } from './bench.js'
import { summary, type Row, type Summary } from './row.js'

/** Runs a case and answers its row. */
export async function takeTurns(bench: string, each: Case): Promise<Row> {
  const contenders: [string, Contender][] = [
    ['katydid', each.katydid],
    ...Object.entries(each.peers),
  ]
  for (const [, contender] of contenders)
    for (let pass = 0; pass < each.warmUps; pass++) await contender.pass()
  const samples = new Map<string, number[]>(contenders.map(([name]) => [name, []]))
  for (let round = 0; round < each.rounds; round++)
    for (const [name, contender] of contenders)
      for (const sample of await contender.pass()) samples.get(name)!.push(sample)

  const summaries = new Map<string, Summary>(
    [...samples].map(([name, times]) => [name, summary(times)]),
  )
  const katydid = summaries.get('katydid')!
  const peers = Object.keys(each.peers).map((name) => [name, summaries.get(name)!] as const)
  return {
    bench,
    case: each.name,
    unit: each.unit,
    katydid,
    peers: Object.fromEntries(peers),
    ratio: Object.fromEntries(
      peers.map(([name, peer]) => [name, Number((katydid.p50 / peer.p50).toPrecision(4))]),
    ),
    n: samples.get('katydid')!.length,
    node: process.version,
    cores: availableParallelism(),
  }
}
