/**
 * The one call a user makes of a manager. The kernel carries it: it puts a capability for the container into
 * the manager's table and passes that on.
 */
import { allowedHere } from '../causes.js'
import { bool, capref, text } from '../fields.js'
import { call, group } from '../signature.js'

export const managerRequests = group(0x300, {
  manageRequest: call({
    kind: 'request',
    by: 'user',
    name: 'manage_request',
    doc: 'Request the manager of that name (empty: the world’s first) to manage a container. A manager that accepts calls set_manager itself, before it answers; a refusal is ok with success false. `frozen`: the manager died over it and its containers go back; ask again.',
    args: { cont: capref, manager: text },
    result: { success: bool },
    causes: {
      ...allowedHere('cont', 'manage'),
      no_resource: 'The manager’s capability table is full, so it cannot be given the container.',
      manager_failed:
        'The manager does not run (it may have been given up), did not answer within 10 s, answered wrongly, or said yes without having called set_manager.',
      bad_argument: 'The world has no manager of that name, or the container has another already.',
      frozen: 'The manager died over the request, or a rollback is about to begin.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
})
