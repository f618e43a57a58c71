/**
 * A window for a locus, by way of what is mapped into its container: attached to the container that supplies the pages, bound to
 * its table, and shut whenever the mappings change until the kernel has said that they are still what they were.
 */
import { containerCalls, hereCapref, type ArgsOf, type Reply } from '@katydid/abi'
import { AccessError, Window, type AttachmentSet, type WindowBinding } from '@katydid/memory'
import { LocusError } from './locus-error.js'
import type { Frame, LocusThread } from './locus-thread.js'

type Opened = Reply<(typeof containerCalls)['windowOpen']>

/**
 * What each invocation has open, by what it asked for. Who asks for the same again gets the same: an attachment tells each of its windows whenever
 * pages are taken out, and a program may ask in each of its rounds for as long as it runs.
 */
const opened = new WeakMap<AttachmentSet, Map<string, Window>>()

/** Opens [base, base + length) of the container that `frame` is in; length 0: as far as one container supplies. */
export function openWindow(
  thread: LocusThread,
  frame: Frame,
  base: number,
  length: number,
): Window {
  const { region } = thread
  const host = frame.container
  const args: ArgsOf<(typeof containerCalls)['windowOpen']> = { cont: hereCapref, base, length }
  // Read before the kernel is asked: what changes from then on is asked again at the first access.
  const mappings = region.words.load(region.containerWord(host, 'mappings'))
  const first = thread.call(containerCalls.windowOpen, args)
  if (first.status !== 'ok') throw new LocusError(first.status, first.detail)
  const exact = { ...args, length: first.length }
  const supplier = first.slot as Frame['container']
  const binding: WindowBinding = {
    origin: first.origin,
    writable: first.writable,
    host,
    mappings,
    confirm: () => refusalOf(first, thread.call(containerCalls.windowOpen, exact)),
  }
  if (supplier !== host) frame.visit?.cannotLog('a window on what is mapped into the container')
  const attachment = frame.uses.to(supplier, () => thread.attachmentAcross(host, supplier))
  const key = `${base} ${length}`
  const windows = opened.get(frame.uses) ?? new Map<string, Window>()
  const known = windows.get(key)
  if (known?.isStill(attachment, first) === true) return known
  known?.giveUp(changed())
  const made = new Window(attachment, base, first.length, first.table, binding)
  opened.set(frame.uses, windows.set(key, made))
  return made
}

const changed = (): AccessError =>
  new AccessError(
    'out_of_window',
    'what is mapped into the container has changed under this window; open it again',
  )

/** Why a window that was bound as `first` says is of no use any more; null when it still is. */
function refusalOf(first: Extract<Opened, { status: 'ok' }>, now: Opened): AccessError | null {
  if (now.status === 'entity_gone') return new AccessError('entity_gone', now.detail)
  const same =
    now.status === 'ok' &&
    now.table === first.table &&
    now.slot === first.slot &&
    now.origin === first.origin &&
    now.writable === first.writable
  return same ? null : changed()
}
