/**
 * What a kernel tells a manager that keeps something of its containers. A manager that keeps nothing need not serve it.
 */
import { list, token } from '../fields.js'
import { call, group } from '../signature.js'

export const managerNotices = group(0x180, {
  containersLive: call({
    kind: 'upcall',
    by: 'kernel',
    name: 'containers_live',
    doc: 'After a recovery: these are all the containers of this manager that there are. Forget every other token and free what it holds.',
    args: { tokens: list(token) },
    result: {},
    causes: {
      not_supported: 'The manager keeps nothing over a recovery, so it has nothing to forget.',
    },
    idempotent: true,
    afterCrash: 'Made again by the next recovery.',
  }),
})
