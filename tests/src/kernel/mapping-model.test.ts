/**
 * CO8: random mappings between containers against a plain model that resolves page by page. Whatever was mapped, unmapped and
 * refused, every page of every container is supplied by whom the model says.
 */
import { hostPort, rights, type Capref } from '@katydid/abi'
import { windowOpen } from '@katydid/kernel/container/window.js'
import test from 'ava'
import { array, assert, asyncProperty, constantFrom, nat, oneof, record, tuple } from 'fast-check'
import { KernelWorld } from './support/kernel-world.js'

const page = 4096
const pages = 12
const containers = 7

interface Link {
  readonly source: number
  readonly page: number
  readonly rights: number
}
interface Region {
  readonly at: number
  readonly length: number
}

/** What a person would write down: for each container, page by page, what is mapped there. */
class Model {
  readonly links: (Link | null)[][] = Array.from({ length: containers }, () =>
    Array.from({ length: pages }, () => null),
  )
  readonly regions: Region[][] = Array.from({ length: containers }, () => [])

  map(
    to: number,
    at: number,
    length: number,
    from: number,
    first: number,
    allowed: number,
  ): string {
    if (length === 0) return 'bad_argument'
    if (at + length > pages || first + length > pages) return 'out_of_window'
    const same = this.regions[to]!.some(
      (each) =>
        each.at === at &&
        each.length === length &&
        isLink(this.links[to]![at]!, { source: from, page: first, rights: allowed }),
    )
    if (same) return 'ok'
    if (this.regions[to]!.some((each) => each.at < at + length && at < each.at + each.length))
      return 'already_mapped'
    if (this.#reaches(from, to)) return 'mapping_cycle'
    this.regions[to]!.push({ at, length })
    for (let i = 0; i < length; i++)
      this.links[to]![at + i] = { source: from, page: first + i, rights: allowed }
    return 'ok'
  }

  unmap(of: number, at: number, length: number): string {
    const index = this.regions[of]!.findIndex((each) => each.at === at && each.length === length)
    if (index < 0) return 'not_mapped'
    this.regions[of]!.splice(index, 1)
    for (let i = 0; i < length; i++) this.links[of]![at + i] = null
    return 'ok'
  }

  supplier(of: number, at: number): { container: number; page: number; writable: boolean } {
    const link = this.links[of]![at]!
    if (link === null) return { container: of, page: at, writable: true }
    const further = this.supplier(link.source, link.page)
    return { ...further, writable: further.writable && (link.rights & rights.write) !== 0 }
  }

  #reaches(from: number, to: number): boolean {
    return (
      from === to ||
      this.links[from]!.some((link) => link !== null && this.#reaches(link.source, to))
    )
  }
}

const isLink = (a: Link | null, b: Link): boolean =>
  a !== null && a.source === b.source && a.page === b.page && a.rights === b.rights

const container = nat(containers - 1)
const commands = array(
  oneof(
    {
      weight: 4,
      arbitrary: record({
        kind: constantFrom('map' as const),
        to: container,
        region: tuple(nat(pages), nat(5)),
        from: container,
        page: nat(pages),
        rights: constantFrom(rights.read, rights.read | rights.write),
      }),
    },
    {
      weight: 1,
      arbitrary: record({ kind: constantFrom('unmap' as const), of: container, which: nat(3) }),
    },
  ),
  { minLength: 10, maxLength: 40 },
)

test('[CO8] whatever is mapped, each page is supplied by whom a plain model says', async (t) => {
  let mapped = 0
  let deepest = 0
  await assert(
    asyncProperty(commands, async (steps) => {
      const world = await KernelWorld.open({ shape: { maxContainers: containers + 1 } })
      const conts: Capref[] = []
      for (let i = 0; i < containers; i++) conts.push(await world.container(`c${i}`, pages * page))
      const slots = conts.map((_, i) => world.kernel.machine.containers.named(`c${i}`)!.slot)
      const model = new Model()
      for (const step of steps) {
        if (step.kind === 'map') {
          const [at, length] = step.region
          const said = await world.call('container_map', {
            cont: conts[step.to],
            at: at * page,
            length: length * page,
            source: conts[step.from],
            sourceAt: step.page * page,
            rights: step.rights,
          })
          const meant = model.map(step.to, at, length, step.from, step.page, step.rights)
          t.is(said.status, meant)
          if (meant === 'ok') mapped++
        } else {
          const region = model.regions[step.of]![step.which] ?? { at: step.which, length: 1 }
          const { at, length } = region
          const said = await world.call('container_unmap', {
            cont: conts[step.of],
            at: at * page,
            length: length * page,
          })
          t.is(said.status, model.unmap(step.of, at, length))
        }
      }
      for (let of = 0; of < containers; of++) deepest = Math.max(deepest, compare(of))

      function compare(of: number): number {
        let depth = 0
        for (let at = 0; at < pages; at++) {
          const meant = model.supplier(of, at)
          const base = at * page
          const bound = windowOpen(world.kernel.machine, hostPort, {
            cont: conts[of]!,
            base,
            length: 0,
          })
          if (bound.status !== 'ok') throw new Error(bound.detail)
          t.deepEqual(
            { slot: bound.slot, origin: bound.origin, writable: bound.writable },
            { slot: slots[meant.container]!, origin: meant.page * page, writable: meant.writable },
          )
          const run = bound.length / page
          for (let i = 0; i < run; i++)
            t.deepEqual(model.supplier(of, at + i), { ...meant, page: meant.page + i })
          if (at + run < pages) {
            const more = { cont: conts[of]!, base, length: bound.length + page }
            t.is(windowOpen(world.kernel.machine, hostPort, more).status, 'out_of_window')
          }
          let links = 0
          for (let link = model.links[of]![at]!; link !== null; links++)
            link = model.links[link.source]![link.page]!
          depth = Math.max(depth, links)
        }
        return depth
      }
    }),
    // The seed is fixed, as what follows is about what was drawn.
    { numRuns: 25, seed: 8 },
  )
  t.true(mapped > 100)
  t.true(deepest >= 3, `the deepest chain had ${deepest} links`)
})
