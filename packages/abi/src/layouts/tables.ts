/** The small tables of a machine: frames, page sets, capabilities, dependency rows. */
import { layout } from '../layout.js'

export const frameWords = layout('FrameWords', 16, 'One a frame.', {
  owner: { words: 1, writer: 'kernel actor', doc: 'page set it belongs to; 0 the kernel’s own' },
  entry: {
    words: 1,
    writer: 'owner of the page set',
    doc: 'region byte address of the entry that shows it; 0 none',
  },
  transfer: {
    words: 1,
    writer: 'owner of the page set; disk driver at completion',
    doc: 'transfers in flight; the frame stands still until 0',
  },
  shown: { words: 1, writer: 'accessor, by add', doc: 'raw views given out in direct mode' },
})

export const pageSetWords = layout('PageSetWords', 32, 'One a page set; index 0 is never used.', {
  state: { words: 1, writer: 'kernel actor', doc: '0 free, 1 live' },
  manager: { words: 1, writer: 'kernel actor', doc: 'port of its manager' },
  managerGeneration: { words: 1, writer: 'kernel actor', doc: 'that manager’s generation' },
  frames: { words: 1, writer: 'kernel actor', doc: 'frames in it' },
  least: { words: 1, writer: 'kernel actor', doc: 'frames never asked back' },
  asked: { words: 1, writer: 'kernel actor', doc: 'frames asked back and not yet returned' },
  reserved: { words: 2, writer: 'nobody', doc: 'to 32 bytes' },
})

/** What a capability can name. */
export const entityKinds = {
  none: 0,
  container: 1,
  locus: 2,
  disk: 3,
  manager: 4,
  semaphore: 5,
  group: 6,
} as const
export type EntityKind = keyof typeof entityKinds
/**
 * Rights in a permission group. The master group of an entity has all of them. What a bit allows depends on the kind of thing;
 * the last three are names for bits of containers as they are meant of other kinds.
 */
export const rights = {
  read: 1,
  write: 2,
  invoke: 4,
  manage: 8,
  snapshot: 16,
  destroy: 32,
  copy: 64,
  master: 128,
  /** Of a semaphore: to take from its count. */
  wait: 1,
  /** Of a semaphore: to add to its count. */
  signal: 2,
  /** Of a locus: to suspend and resume it. */
  suspend: 8,
} as const
export const masterRights = 255

export const capabilityWords = layout('CapabilityWords', 16, 'One a slot of a capability table.', {
  kind: {
    words: 1,
    writer: 'kernel actor',
    doc: 'none, container, locus, disk, manager, semaphore or group',
  },
  slot: { words: 1, writer: 'kernel actor', doc: 'which of that kind' },
  generation: {
    words: 1,
    writer: 'kernel actor',
    doc: 'generation of the entity it was given for; another one: entity gone. 0: its permission group was destroyed',
  },
  rights: {
    words: 1,
    writer: 'kernel actor',
    doc: 'bits of the permission group; bits 8 up: stamp, so that a reused slot makes old Caprefs stale',
  },
})

/** Slots in one capability table. */
export const capabilitySlots = 192

/** A row of dependencies: the highest interval received from each container since the last capture, float 64 each. */
export const dependencyWords = layout(
  'DependencyWords',
  8,
  'One a pair of containers (receiver’s row, sender’s column).',
  {
    interval: {
      words: 2,
      writer: 'invoking locus, rising only; kernel at capture',
      doc: '64-bit: highest interval of the sender received from; 0 none',
    },
  },
)
