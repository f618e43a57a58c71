/** What a soak sees, and what of it is growth. Knows nothing of worlds. */

/** One look. Bytes in MiB. */
export interface Sample {
  readonly second: number
  /** Heap of the thread that opened the world, swept. */
  readonly heapMb: number
  readonly rssMb: number
  /** Memory outside the heap that the opener's thread knows: the machine's region above all. */
  readonly externalMb: number
  readonly handles: number
  readonly threads: number
  readonly framesHeld: number
  /** Neither free nor held by anybody. */
  readonly framesLost: number
  readonly tableBytesFree: number
  readonly diskMb: number
  readonly segments: number
  /** What the kernel has records of. */
  readonly containers: number
  readonly loci: number
  readonly captures: number
  readonly faults: number
  /** Loci that came and went. */
  readonly visitors: number
  /** Lines that the console told. */
  readonly lines: number
  /** Heaps of all other threads of the world by number of the thread, swept. */
  readonly heaps: ReadonlyMap<number, number>
}

/** A thread of Node has so many handles of its own. */
const handlesOfThread = 4

/** Segments are taken until they become few, and are cleaned then: before a disk has been full once, and within a few seconds, it is not steady. */
const ofDisks = { leastSeconds: 240 }

/** What is measured, and what of it may vary without growing: a share of the earlier least, and so much besides. */
const measures: readonly {
  readonly name: string
  readonly of: (sample: Sample) => number
  readonly share: number
  readonly plus: number
  /** Shorter runs do not tell. */
  readonly leastSeconds?: number
}[] = [
  { name: 'heapMb', of: ({ heapMb }) => heapMb, share: 0.02, plus: 0.4 },
  { name: 'rssMb', of: ({ rssMb }) => rssMb, share: 0.08, plus: 24 },
  { name: 'externalMb', of: ({ externalMb }) => externalMb, share: 0, plus: 1 },
  {
    name: 'handles besides those of threads',
    of: ({ handles, threads }) => handles - handlesOfThread * threads,
    share: 0,
    plus: 1,
  },
  { name: 'threads', of: ({ threads }) => threads, share: 0, plus: 1 },
  { name: 'framesHeld', of: ({ framesHeld }) => framesHeld, share: 0.05, plus: 8 },
  { name: 'framesLost', of: ({ framesLost }) => framesLost, share: 0, plus: 2 },
  { name: 'diskMb', of: ({ diskMb }) => diskMb, share: 0.15, plus: 8, ...ofDisks },
  { name: 'segments', of: ({ segments }) => segments, share: 0.15, plus: 16, ...ofDisks },
  { name: 'containers', of: ({ containers }) => containers, share: 0, plus: 1 },
  { name: 'loci', of: ({ loci }) => loci, share: 0, plus: 1 },
  {
    name: 'page-table bytes in use',
    of: ({ tableBytesFree }) => -tableBytesFree,
    share: 0,
    plus: 0,
  },
]
/** In its first minutes a thread’s heap still takes up what is compiled and cached: there only what grows fast is growth. */
const ofHeaps = (seconds: number): { readonly share: number; readonly plus: number } => ({
  share: 0.03,
  plus: seconds < ofDisks.leastSeconds ? 2 : 0.3,
})

/** The first third warms up; then the least of the two others is compared, since whatever comes and goes only adds. */
export function growthOf(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3)
  if (third < 3) return [`${samples.length} samples are too few to tell growth`]
  const earlier = samples.slice(third, 2 * third)
  const later = samples.slice(2 * third)
  const seconds = samples.at(-1)!.second - samples[0]!.second
  const heaps = [...earlier[0]!.heaps.keys()].map((thread) => ({
    name: `the heap of thread ${thread} in MiB`,
    of: (sample: Sample) => sample.heaps.get(thread) ?? 0,
    ...ofHeaps(seconds),
  }))
  const judged = [...measures.filter(({ leastSeconds = 0 }) => seconds >= leastSeconds), ...heaps]
  const growth = judged.flatMap(({ name, of, share, plus }) => {
    const [before, after] = [Math.min(...earlier.map(of)), Math.min(...later.map(of))]
    const isGrown = after > before + Math.abs(before) * share + plus
    return isGrown ? [`${name} grew from ${before.toFixed(1)} to ${after.toFixed(1)}`] : []
  })
  for (const name of ['captures', 'faults', 'visitors', 'lines'] as const)
    if (later.at(-1)![name] <= later[0]![name]) growth.push(`the load came to a stop: ${name}`)
  return growth
}
