/**
 * Permission groups, and taking capabilities out of tables. Copying and listing stand with the containers.
 */
import { capref, count } from '../fields.js'
import { call, group } from '../signature.js'

const capabilityErrors = ['invalid_capref', 'wrong_type', 'right_missing', 'entity_gone'] as const
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
    args: { cap: capref, rights: count },
    result: { cap: capref, group: capref },
    errors: [...capabilityErrors, 'bad_argument', 'no_resource'],
    idempotent: false,
  }),
  capRemove: call({
    ...own,
    name: 'cap_remove',
    doc: 'Empty the slot of the caller’s own table, or of the container it is in. A capability to something that is gone can be removed too.',
    args: { cap: capref },
    result: {},
    errors: ['invalid_capref'],
    idempotent: false,
  }),
  groupDestroy: call({
    ...own,
    name: 'group_destroy',
    doc: 'Destroy a permission group that cap_derive made, and all that were derived from it: every capability bound to them, and every copy, is dead at once, in whatever table it is.',
    args: { group: capref },
    result: {},
    errors: capabilityErrors,
    idempotent: true,
  }),
})
