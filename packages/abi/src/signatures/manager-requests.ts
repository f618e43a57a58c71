/**
 * The one call a user makes of a manager. The kernel carries it: it puts a capability for the container into
 * the manager's table and passes that on.
 */
import { bool, capref, text } from '../fields.js'
import { call, group } from '../signature.js'

export const managerRequests = group(0x300, {
  manageRequest: call({
    kind: 'request',
    by: 'user',
    name: 'manage_request',
    doc: 'Request the manager of that name (empty: the world’s first) to manage a container. A manager that accepts calls set_manager itself, before it answers; a refusal is ok with success false. `frozen`: the manager died over it and the world goes back to its line; ask again.',
    args: { cont: capref, manager: text },
    result: { success: bool },
    errors: [
      'invalid_capref',
      'wrong_type',
      'right_missing',
      'entity_gone',
      'no_resource',
      'manager_failed',
      'bad_argument',
      'frozen',
    ],
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
})
