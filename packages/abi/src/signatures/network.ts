/**
 * What passes between machines: calls that a network driver serves to its machine's actors and to other drivers, and those by which it
 * hands on to an actor of its machine what came from elsewhere. Requests and answers travel packed, so no driver knows the calls it carries.
 */
import {
  bytes as packed,
  countOf,
  list,
  machineId,
  numberOf,
  oneOf,
  record,
  text,
} from '../fields.js'
import { call, group } from '../signature.js'

/** Longest call, or answer, that goes to another machine whatever the mailboxes on the way take: 2 MiB. */
export const maxRemoteBytes = 2 * 1024 * 1024

/**
 * How a machine sees another: not heard of yet; present, after its hello was accepted; silent; or refused, with a sentence, because
 * it belongs to another world or was made by another version.
 */
const peerStates = ['unknown', 'present', 'silent', 'refused'] as const

/** How a call that reached its machine ended there: only when answered is there an answer, else a sentence. */
export const linkEnds = ['answered', 'actor_gone', 'bad_message', 'too_large'] as const

const incarnation = numberOf('incarnation of the machine, rising at each of its starts; 0 unknown')
const session = numberOf(
  'incarnation of its link, rising at each start of the machine or of its network driver; 0 unknown',
)

/** Another machine, as this one sees it. */
const peer = record('peer', {
  machine: machineId,
  state: oneOf('PeerState', peerStates),
  incarnation,
  session,
  detail: text,
})

const port = countOf('port of an actor')

export const networkCalls = group(0x4c0, {
  machineHello: call({
    kind: 'device',
    by: 'network driver of another machine',
    name: 'machine_hello',
    doc: 'The first call between two machines, made by each on the other whenever the other is heard anew. Nothing else is served between them before it was answered `ok`. `abi` is the hash of all signatures, layouts and statuses.',
    args: { world: text, machine: machineId, incarnation, abi: text },
    result: { machine: machineId, incarnation },
    causes: {
      wrong_world:
        'The caller is of another world, or gives a number that is not the one its messages carry.',
      world_version: 'The caller’s calls, layouts or statuses are not those of this machine.',
    },
    idempotent: true,
    afterCrash: 'Nothing: it is made again.',
  }),
  linkCall: call({
    kind: 'device',
    by: 'kernel, manager',
    name: 'link_call',
    doc: 'Carry this packed request to the actor at `port` of that machine and bring back its packed answer. It is sent until it is answered or the deadline has passed, and executed at most once by an incarnation of the machine’s link.',
    args: { machine: machineId, port, request: packed, deadlineMs: countOf('milliseconds') },
    result: { ended: oneOf('LinkEnd', linkEnds), answer: packed, detail: text },
    causes: {
      unreachable:
        'No answer came by the deadline; or the machine is silent, is refused, or came back as another incarnation meanwhile; or there is no such machine. Whether the call was executed is not known.',
      too_large: 'The request or its answer has more than 2 MiB, or more than a mailbox takes.',
    },
    idempotent: false,
    afterCrash: 'Nothing: calls under way are gone with the driver of either side.',
  }),
  linkPeers: call({
    kind: 'device',
    by: 'kernel, manager',
    name: 'link_peers',
    doc: 'What this machine is to the others, and what they are to it now.',
    args: {},
    result: { machine: machineId, incarnation, session, peers: list(peer) },
    causes: {},
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
})

export const forwardedCalls = group(0x4e0, {
  linkServe: call({
    kind: 'forwarded',
    by: 'network driver',
    name: 'link_serve',
    doc: 'Serve this packed request of the actor at port `from` of that machine, and give its packed answer.',
    args: {
      machine: machineId,
      incarnation,
      session,
      from: port,
      generation: countOf('incarnation of the actor that calls'),
      request: packed,
    },
    result: { answer: packed },
    causes: {
      bad_argument: '`request` is no packed request.',
    },
    idempotent: false,
    afterCrash: 'What the request itself says.',
  }),
  peerChanged: call({
    kind: 'forwarded',
    by: 'network driver',
    name: 'peer_changed',
    doc: 'Another machine is present, silent or refused from now on. Told to the kernel alone.',
    args: { peer },
    result: {},
    causes: {},
    idempotent: true,
    afterCrash: 'Nothing: a kernel that starts asks `link_peers`.',
  }),
})
