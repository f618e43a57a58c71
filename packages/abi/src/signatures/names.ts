/** Names over all machines of a world: a container or locus goes by one name, wherever it is. */
import { bool, list, machineId, oneOf, text } from '../fields.js'
import { call, group } from '../signature.js'

const kind = oneOf('kind of name', ['container', 'locus'])

export const nameCalls = group(0x980, {
  nameFind: call({
    kind: 'downcall',
    by: 'host',
    name: 'name_find',
    doc: 'On which other machines of the world something of that kind goes by the name. Every one of them is asked.',
    args: { kind, name: text },
    result: { machines: list(machineId) },
    causes: {
      unreachable: 'A machine did not answer, so nobody knows whether it has the name.',
      frozen: 'A machine is being recovered, so what it has is not known yet.',
    },
    idempotent: true,
    afterCrash: 'Nothing was changed.',
  }),
  nameHere: call({
    kind: 'downcall',
    by: 'kernel of another machine',
    name: 'name_here',
    doc: 'Whether something of that kind goes by the name on this machine.',
    args: { kind, name: text },
    result: { found: bool },
    causes: { frozen: 'The machine is being recovered, so what it has is not known yet.' },
    idempotent: true,
    afterCrash: 'Nothing was changed.',
  }),
})
