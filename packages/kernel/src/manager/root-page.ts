/**
 * The root page of a self-managing manager. The kernel gives it a frame of its own, shown read and write and always
 * present, and keeps its content: at each stable snapshot of the container the page's bytes go to the disk in one record.
 */
import {
  asOffset,
  asPageSet,
  refuse,
  type Answer,
  type ArgsOf,
  type managerDowncalls,
  type PortId,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { Lcd } from '@katydid/memory'
import { resolveContainer } from '../capability/resolve.js'
import { ensureSlice } from '../container/slices.js'
import type { Machine } from '../machine.js'
import type { Manager } from './manager-table.js'

type Calls = typeof managerDowncalls

/** map_root_page: from now on the kernel keeps this page. Where it lies never changes. */
export function mapRootPage(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['mapRootPage']>,
): Answer<Calls['mapRootPage']> {
  const found = resolveContainer(machine, from, args.cont, 'manage')
  if (found.status !== 'ok') return found
  const manager = machine.managers.at(from)
  const { pageBytes } = machine.region.plan.shape
  if (!Number.isInteger(args.addr) || args.addr < 0 || args.addr % pageBytes !== 0)
    return refuse(
      'misaligned',
      `a root page begins at a multiple of ${pageBytes}, not at ${args.addr}`,
    )
  if (manager === null || manager.own !== found.container)
    return refuse(
      'bad_argument',
      'only a self-managing manager has a root page, in its own container',
    )
  if (args.addr + pageBytes > found.container.size)
    return refuse('bad_argument', `offset ${args.addr} lies outside the container`)
  if (manager.root !== null)
    return manager.root.offset === args.addr
      ? { status: 'ok' }
      : refuse('bad_argument', `the root page is at ${manager.root.offset} and stays there`)
  if (!showRootPage(machine, manager, args.addr, null))
    return refuse('no_resource', 'no frame or no table space is left for the root page')
  return { status: 'ok' }
}

/** get_root_page: where it is, and of which interval there is a stable content. */
export function getRootPage(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['getRootPage']>,
): Answer<Calls['getRootPage']> {
  const found = resolveContainer(machine, from, args.cont, 'manage')
  if (found.status !== 'ok') return found
  const manager = machine.managers.all().find((each) => each.own === found.container)
  const addr = manager?.root ? asOffset(manager.root.offset) : null
  return { status: 'ok', addr, stable: manager?.stable?.interval ?? null }
}

/** Gives the page a frame with this content (nil: zeroes) and shows it; false when the machine has no room. */
export function showRootPage(
  machine: Machine,
  manager: Manager,
  offset: number,
  content: Uint8Array | null,
): boolean {
  const own = manager.own
  invariant(
    own !== null && manager.root === null,
    'SI17: a self-managing manager has one root page',
    {
      port: manager.port,
    },
  )
  if (ensureSlice(machine, own, Math.floor(offset / 2 ** 31)) === null) return false
  const [frame] = machine.frames.take(1, asPageSet(0))
  if (frame === undefined) return false
  const bytes = machine.region.frameBytes(frame)
  if (content === null) bytes.set(new Uint8Array(bytes.length))
  else bytes.set(content)
  const descriptor = Lcd.open(machine.region, {
    container: own.slot,
    manager: manager.port,
    pageSet: asPageSet(0),
  })
  const status = descriptor.install([{ offset, frame, access: 'write' }])
  invariant(status === 'ok', 'SI17: the kernel’s own frame can be shown', { status })
  const page = offset / machine.region.plan.shape.pageBytes
  machine.region.words.store(machine.region.containerWord(own.slot, 'rootPage'), page + 1)
  manager.root = { offset, frame }
  return true
}

/** The present content of the root page, copied. */
export function rootPageBytes(machine: Machine, manager: Manager): Uint8Array {
  invariant(manager.root !== null, 'SI17: only a mapped root page has content', {
    port: manager.port,
  })
  return Uint8Array.from(machine.region.frameBytes(manager.root.frame))
}

/** Takes the root page’s frame back; its page-table entry is gone already. */
export function dropRootPage(machine: Machine, manager: Manager): void {
  if (manager.root === null) return
  machine.frames.give([manager.root.frame])
  manager.root = null
}
