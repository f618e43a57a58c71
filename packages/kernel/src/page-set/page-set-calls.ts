/** pageset_create, add, remove, size: frames circulate between the kernel and the managers that fill them. */
import {
  refuse,
  type Answer,
  type ArgsOf,
  type Frame,
  type pageSetCalls,
  type PortId,
} from '@katydid/abi'
import { invariant, later, type IncomingCall } from '@katydid/actor'
import { belongsTo, isFrame } from '@katydid/memory'
import type { Machine } from '../machine.js'
import { canEverGrant, grantable, relieve, waitForFrames } from './pressure.js'
import type { PageSetView } from './page-set-table.js'

type Calls = typeof pageSetCalls

const noSet = (id: number): ReturnType<typeof refuse<'no_such_page_set'>> =>
  refuse('no_such_page_set', `no page set ${id} of the caller exists`)

/** pageset_create. */
export function pageSetCreate(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['pageSetCreate']>,
): Answer<Calls['pageSetCreate']> {
  const pageset =
    machine.managers.at(from) === null ? null : machine.pageSets.create(from, args.least)
  if (pageset === null)
    return refuse(
      'no_resource',
      `all ${machine.region.plan.shape.maxPageSets - 1} page sets are taken`,
    )
  return { status: 'ok', pageset }
}

/** pageset_add: as many of the frames asked for as can be had; waits for others' discards when there is none. */
export function pageSetAdd(
  machine: Machine,
  args: ArgsOf<Calls['pageSetAdd']>,
  call: IncomingCall<Calls['pageSetAdd']>,
): Answer<Calls['pageSetAdd']> | typeof later {
  const set = machine.pageSets.of(call.from, args.pageset)
  if (set === null) return noSet(args.pageset)
  if (args.pageCount === 0) return { status: 'ok', frames: [] }
  const frames = grant(machine, set, args.pageCount)
  relieve(machine)
  if (frames.length > 0) return { status: 'ok', frames }
  if (!canEverGrant(machine, set))
    return refuse('no_frames', 'every frame is taken and no other page set can be asked for one')
  const attempt = (): true | null => {
    const now = machine.pageSets.of(call.from, args.pageset)
    const late = now === null ? [] : grant(machine, now, args.pageCount)
    if (now !== null && late.length === 0) return null
    call.reply(now === null ? noSet(args.pageset) : { status: 'ok', frames: late })
    return true
  }
  waitForFrames(machine, set.id, attempt, () =>
    call.reply(refuse('no_frames', 'no manager gave a frame back in time')),
  )
  return later
}

/** Hands frames over: what is free above the low-water mark, or anything at all while the set has less than its least. */
function grant(machine: Machine, set: PageSetView, count: number): Frame[] {
  const frames = machine.frames.take(Math.min(count, grantable(machine, set)), set.id)
  machine.pageSets.moved(set.id, frames.length)
  return frames
}

/** pageset_remove: all of the frames, or none when one of them is not the set's or not idle. */
export function pageSetRemove(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['pageSetRemove']>,
): Answer<Calls['pageSetRemove']> {
  const set = machine.pageSets.of(from, args.pageset)
  if (set === null) return noSet(args.pageset)
  const problem = problemOf(machine, set, args.frames)
  if (problem !== null) return refuse('bad_argument', problem)
  invariant(args.frames.length <= set.frames, 'PS2: a set gives back no more than it has', {
    frames: set.frames,
  })
  machine.frames.give(args.frames)
  machine.pageSets.moved(set.id, -args.frames.length)
  relieve(machine)
  return { status: 'ok' }
}

function problemOf(machine: Machine, set: PageSetView, frames: readonly Frame[]): string | null {
  const { region } = machine
  const word = (frame: Frame, field: 'entry' | 'transfer' | 'shown'): number =>
    region.words.load(region.frameWord(frame, field))
  const seen = new Set<Frame>()
  for (const frame of frames) {
    if (!isFrame(region, frame) || !belongsTo(region, frame, set.id))
      return `frame ${frame} is not of page set ${set.id}`
    if (seen.has(frame)) return `frame ${frame} is given back twice`
    if (word(frame, 'entry') !== 0) return `frame ${frame} is still shown by a page table`
    if (word(frame, 'transfer') !== 0) return `frame ${frame} has a transfer under way`
    if (word(frame, 'shown') !== 0)
      return `frame ${frame} was given out raw, and may only go to the same container`
    seen.add(frame)
  }
  return null
}

/** pageset_size. */
export function pageSetSize(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['pageSetSize']>,
): Answer<Calls['pageSetSize']> {
  const set = machine.pageSets.of(from, args.pageset)
  return set === null ? noSet(args.pageset) : { status: 'ok', frames: set.frames }
}
