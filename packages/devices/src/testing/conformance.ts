/**
 * What every disk must do, whatever it is made of, seen through its declared calls alone. Each check takes a new disk; the assertions come
 * from the caller, so that this file needs no test runner.
 */
import {
  asFrame,
  asInterval,
  asPosition,
  asToken,
  diskCalls,
  type AnySignature,
  type ArgsOf,
  type PortId,
  type Reply,
  type ResultOf,
} from '@katydid/abi'

/** The assertions that a check needs. */
export interface Assertions {
  is(actual: unknown, expected: unknown, message?: string): unknown
  deepEqual(actual: unknown, expected: unknown, message?: string): unknown
}

/** A disk under test, with at least 16 segments of at least 8 blocks. */
export interface DiskUnderTest {
  /** Two owners that may call it. */
  readonly owners: readonly [PortId, PortId]
  readonly blockBytes: number
  ask<S extends AnySignature>(owner: PortId, signature: S, args: ArgsOf<S>): Promise<Reply<S>>
  /** Reads a block as a reader does, without asking the driver. */
  read(block: number): Uint8Array
  /** Ends the driver without a word, as a crash does, and starts another on the same disk. */
  crash(): Promise<void>
  close(): Promise<void>
}

export interface DiskCheck {
  readonly title: string
  run(t: Assertions, disk: DiskUnderTest): Promise<void>
}

export const diskConformance: readonly DiskCheck[] = [
  {
    title: '[DK1] [DK19] what was answered with a barrier is there after a crash, byte for byte',
    async run(t, disk) {
      const [owner] = disk.owners
      const contents = [1, 2, 3].map((fill) => page(disk, fill))
      const { places } = await write(disk, owner, contents, [text('first'), text('second')])

      await disk.crash()
      const found = await scan(disk, owner)

      t.deepEqual(
        found.pages.map(({ page: number, block }) => [number, block]),
        places.map(({ block }, nth) => [nth, block]),
      )
      t.deepEqual(
        places.map(({ block }) => disk.read(block)),
        contents,
      )
      t.deepEqual(
        found.records.map(({ content }) => untext(content)),
        ['first', 'second'],
      )
    },
  },
  {
    title:
      '[DK7] [DK19] a write larger than a segment keeps its order, its records behind its pages',
    async run(t, disk) {
      const [owner] = disk.owners
      const { segmentBlocks } = ok(await disk.ask(owner, diskCalls.diskStatus, {}))
      const count = segmentBlocks + 3
      const contents = Array.from({ length: count }, (_, nth) => page(disk, nth))
      const { position } = await write(disk, owner, contents, [text('last')])

      const found = await scan(disk, owner)

      t.deepEqual(
        found.pages.map(({ page: number }) => number),
        contents.map((_, nth) => nth),
      )
      t.is(found.records[0]?.position, position)
    },
  },
  {
    title: '[DK11] [DK19] owners find their own and nothing of each other',
    async run(t, disk) {
      const [one, two] = disk.owners
      await write(disk, one, [page(disk, 1)], [text('one')])
      await write(disk, two, [], [text('two')])

      const found = await Promise.all([scan(disk, one), scan(disk, two)])

      t.deepEqual(
        found.map(({ records }) => records.map(({ content }) => untext(content))),
        [['one'], ['two']],
      )
      t.deepEqual(
        found.map(({ pages }) => pages.length),
        [1, 0],
      )
    },
  },
  {
    title: '[DK9] [DK19] segments that were freed and trimmed are written anew, the others never',
    async run(t, disk) {
      const [owner] = disk.owners
      const status = ok(await disk.ask(owner, diskCalls.diskStatus, {}))
      const kept = await write(disk, owner, [page(disk, 99)], [])
      const keptSegment = Math.floor(kept.places[0]!.block / status.segmentBlocks) - 1
      const everyOther = Array.from({ length: status.segments }, (_, nth) => nth).filter(
        (nth) => nth !== keptSegment,
      )
      for (let round = 0; round < status.segments + 4; round++) {
        const contents = Array.from({ length: status.segmentBlocks - 2 }, (_, nth) =>
          page(disk, nth),
        )
        const { position } = await write(disk, owner, contents, [])
        ok(await disk.ask(owner, diskCalls.diskTrim, { from: position }))
        ok(await disk.ask(owner, diskCalls.diskSync, {}))
        ok(await disk.ask(owner, diskCalls.diskFree, { segments: everyOther }))
      }

      await disk.crash()

      t.is(ok(await disk.ask(owner, diskCalls.diskStatus, {})).damage, null)
      t.deepEqual(disk.read(kept.places[0]!.block), page(disk, 99))
    },
  },
  {
    title: '[DK7] [DK13] [DK19] what no disk can take is refused with its own status',
    async run(t, disk) {
      const [owner] = disk.owners
      const record = { kind: 'note', content: new Uint8Array(disk.blockBytes * 1024) } as const
      const stranger = {
        cont: asToken(1),
        stateInterval: asInterval(1),
        page: 1,
        frame: asFrame(0),
        content: null,
      }
      const { segments } = ok(await disk.ask(owner, diskCalls.diskStatus, {}))

      const long = record.content.subarray(0, 400 * 1024)
      const ask = (pages: (typeof stranger)[], contents: Uint8Array[]) =>
        disk.ask(owner, diskCalls.diskWrite, {
          pages,
          records: contents.map((content) => ({ kind: 'note' as const, content })),
          barrier: false,
        })

      t.is((await ask([stranger], [])).status, 'bad_argument')
      t.is(
        (await disk.ask(owner, diskCalls.diskFree, { segments: [segments] })).status,
        'bad_argument',
      )
      t.is((await ask([], [long])).status, 'too_large')
    },
  },
]

/** Runs every check, each on a disk of its own. */
export async function runDiskConformance(
  t: Assertions,
  makeDisk: () => Promise<DiskUnderTest>,
): Promise<void> {
  for (const check of diskConformance) {
    const disk = await makeDisk()
    try {
      await check.run(t, disk)
    } finally {
      await disk.close()
    }
  }
}

type Answered = ResultOf<typeof diskCalls.diskWrite>
type Scanned = ResultOf<typeof diskCalls.diskScan>

async function write(
  disk: DiskUnderTest,
  owner: PortId,
  contents: readonly Uint8Array[],
  records: readonly Uint8Array[],
): Promise<Answered> {
  const pages = contents.map((content, nth) => ({
    cont: asToken(1),
    stateInterval: asInterval(1),
    page: nth,
    frame: asFrame(0),
    content,
  }))
  const notes = records.map((content) => ({ kind: 'note' as const, content }))
  return ok(await disk.ask(owner, diskCalls.diskWrite, { pages, records: notes, barrier: true }))
}

async function scan(disk: DiskUnderTest, owner: PortId): Promise<Omit<Scanned, 'next'>> {
  const pages: Scanned['pages'][number][] = []
  const records: Scanned['records'][number][] = []
  for (let cursor: number | null = 0; cursor !== null;) {
    const args: ArgsOf<typeof diskCalls.diskScan> = { from: asPosition(0), cursor, limit: 5 }
    const part: Scanned = ok(await disk.ask(owner, diskCalls.diskScan, args))
    pages.push(...part.pages)
    records.push(...part.records)
    cursor = part.next
  }
  return { pages, records }
}

function ok<R extends { readonly status: string }>(
  reply: R,
): Extract<R, { readonly status: 'ok' }> {
  if (reply.status !== 'ok') throw new Error(`the disk answered ${JSON.stringify(reply)}`)
  return reply as Extract<R, { readonly status: 'ok' }>
}

const page = (disk: DiskUnderTest, fill: number): Uint8Array =>
  new Uint8Array(disk.blockBytes).map((_, at) => (fill * 31 + at) & 255)
const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const untext = (content: Uint8Array): string => new TextDecoder().decode(content)
