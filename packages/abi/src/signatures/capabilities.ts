/**
 * Permission groups, and taking capabilities out of tables. Copying and listing stand with the containers.
 */
import { allowed } from '../causes.js'
import { capref, rightBits } from '../fields.js'
import { call, group } from '../signature.js'

const own = {
  kind: 'downcall',
  by: 'locus, manager, host',
  afterCrash:
    'Holds once a snapshot taken after it is recoverable; tables of hosts and managers are volatile.',
} as const

export const capabilityCalls = group(0x580, {
  capDerive: call({
    ...own,
    name: 'cap_derive',
    doc: 'Make a permission group below that of `cap`, with those of the rights asked for that `cap` has. Answers a capability of the new group in the caller’s table, and one for the group itself: who holds that can destroy the group. Needs the right to copy.',
    args: { cap: capref, rights: rightBits },
    result: { cap: capref, group: capref },
    causes: {
      invalid_capref: '`cap` names nothing in the caller’s tables.',
      entity_gone: 'What `cap` names was destroyed, or the permission group of `cap` was.',
      right_missing: '`cap` does not give the right to copy, or none of the rights asked for.',
      not_supported: '`cap` is for a container of another machine: its groups are kept there.',
      bad_argument: '`rights` is not made of the bits of rights, or is 0.',
      no_resource:
        'The machine has as many permission groups as it can and all of them are named somewhere, or the caller’s table has no room for two capabilities.',
    },
    idempotent: false,
  }),
  capRemove: call({
    ...own,
    name: 'cap_remove',
    doc: 'Empty the slot of the caller’s own table, or of the container it is in. A capability to something that is gone can be removed too.',
    args: { cap: capref },
    result: {},
    causes: {
      invalid_capref:
        '`cap` names nothing in the caller’s tables. The container that a locus is in stands in no slot and cannot be removed.',
    },
    idempotent: false,
  }),
  groupDestroy: call({
    ...own,
    name: 'group_destroy',
    doc: 'Destroy a permission group that cap_derive made, and all that were derived from it: every capability bound to them, and every copy, is dead at once, in whatever table it is.',
    args: { group: capref },
    result: {},
    causes: allowed('group', 'permission group', 'destroy'),
    idempotent: true,
  }),
})
