/**
 * A container used on several machines: what the proxies of guests ask of the manager at home, what that manager asks of them, and what the
 * kernels of both sides tell their own. Pages travel as bytes. A grant has a number, and whatever is said of a page names the number it is about:
 * so a call that comes late, or twice, is about something that is over, and does nothing.
 */
import {
  access,
  bytes,
  contOffset,
  countOf,
  list,
  machineId,
  numberOf,
  oneOf,
  optional,
  record,
  token,
} from '../fields.js'
import { call, group } from '../signature.js'

/** What a machine may do with its copy of a page, from nothing to everything. */
export const pageLevels = ['none', 'read', 'write'] as const
export type PageLevel = (typeof pageLevels)[number]

/**
 * What of the other machines' doing is seen. `sequential`: everything at once, as on one machine. `release`: what was written before another
 * machine's last release, once one's own machine has acquired since.
 */
const consistencies = ['sequential', 'release'] as const
export type Consistency = (typeof consistencies)[number]

const guest = countOf('number of the guest, given by share_join')
const grantNumber = numberOf('number of a grant of the container, rising; 0 none')
const port = countOf('port of an actor')

const notAGuest = {
  no_such_container:
    'The manager has no container by that token, or the guest by that number is no guest of it any more: it was dropped, as the container went back or the machine was given up.',
} as const

const fromProxy = { kind: 'request', by: 'proxy of another machine' } as const

export const sharedPageCalls = group(0x920, {
  shareJoin: call({
    ...fromProxy,
    name: 'share_join',
    doc: 'The caller supplies the container’s pages on its machine from now on, as the manager has allowed by its answer to invoke_no_support. `size` in bytes.',
    args: { cont: token },
    result: {
      guest,
      size: numberOf('bytes'),
      consistency: oneOf('Consistency', consistencies),
    },
    causes: {
      no_such_container: 'The manager has no container by that token.',
      not_supported: 'The manager did not answer `local_support` for that machine.',
      busy: 'The machine’s guest before this one was not given up yet, or the container is being captured.',
    },
    idempotent: false,
    afterCrash: 'Nothing: guests are volatile.',
  }),
  pageRequest: call({
    ...fromProxy,
    name: 'page_request',
    doc: 'A locus of the guest touched the page at addr. Answered when no other machine has it in a way that forbids it. `sequence` rises with each request of the guest; a request that is not newer than the page’s last grant is void. `have` is the number of the grant of the copy that the guest reads meanwhile. `content` is what the page holds: `yours` what that copy holds, `zeros`, or `bytes`.',
    args: {
      cont: token,
      guest,
      addr: contOffset,
      accessType: access,
      sequence: numberOf('requests of the guest, rising from 1'),
      have: grantNumber,
    },
    result: {
      number: grantNumber,
      level: oneOf('PageLevel', pageLevels),
      content: oneOf('PageContent', ['yours', 'zeros', 'bytes']),
      page: optional(bytes),
    },
    causes: {
      ...notAGuest,
      bad_argument: 'The container has no such offset.',
      busy: 'A newer request of the guest for the page has come, or was granted: this one is void.',
      access_denied: 'The manager’s own policy forbids this access.',
      frozen:
        'The container goes back: what the page held was on a machine that is lost, or the request waited while it went back.',
      unreachable:
        'Another machine has the page, and has not given it up within 4 s: it is silent, or its loci do not acknowledge.',
      io_error: 'The system refused to read the page’s block.',
      checksum_mismatch:
        'The page’s block does not have the checksum that its place was noted with.',
      manager_failed: 'The manager’s own pages could not be read.',
    },
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
  pageReturn: call({
    ...fromProxy,
    name: 'page_return',
    doc: 'The guest’s copy of that grant is down to `level`, and every locus there has acknowledged it. `page` is what it holds, when it could be written; nil when it is as it was granted. Answered when the manager has it: until then the guest keeps it.',
    args: {
      cont: token,
      guest,
      addr: contOffset,
      number: grantNumber,
      level: oneOf('PageLevel', pageLevels),
      page: optional(bytes),
    },
    result: {},
    causes: {
      ...notAGuest,
      bad_argument: 'The page has another length than the pages of this world.',
    },
    idempotent: true,
    afterCrash:
      'Nothing until a snapshot has it: what the guest wrote since is lost with the rest.',
  }),
  shareAcquire: call({
    ...fromProxy,
    name: 'share_acquire',
    doc: 'Of a container with release consistency: which of the guest’s copies, by grant, were overwritten elsewhere since they were granted. It gives them up before a locus there goes on behind what it waited for.',
    args: { cont: token, guest },
    result: { stale: list(record('stale copy', { addr: contOffset, number: grantNumber })) },
    causes: notAGuest,
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
})

export const proxyCalls = group(0x940, {
  pageRecall: call({
    kind: 'request',
    by: 'manager of another machine',
    name: 'page_recall',
    doc: 'Take these copies down to these levels, and say so by page_return each. Answered at once. A grant that the guest does not have, since its answer was lost or is still on its way, is returned with nothing, and void when it comes.',
    args: {
      cont: token,
      guest,
      copies: list(
        record('recalled copy', {
          addr: contOffset,
          number: grantNumber,
          level: oneOf('PageLevel', pageLevels),
        }),
      ),
    },
    result: {},
    causes: {
      no_such_container: 'The proxy has no guest of that manager by that token and number.',
    },
    idempotent: true,
    afterCrash: 'Nothing: with the proxy its copies are gone.',
  }),
})

const fromKernel = { kind: 'upcall', by: 'kernel' } as const

const unknownToken = {
  no_such_container: 'The manager has no container by that token, or shares it with nobody.',
} as const

export const supportUpcalls = group(0x960, {
  supportGather: call({
    ...fromKernel,
    name: 'support_gather',
    doc: 'The container is to be captured: bring home all that guests have written, grant nothing until support_thaw. Answered when it is here.',
    args: { cont: token },
    result: {},
    causes: {
      ...unknownToken,
      busy: 'A guest did not give up what it has written in 2 s. Nothing is held back any more.',
    },
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
  supportThaw: call({
    ...fromKernel,
    name: 'support_thaw',
    doc: 'The capture is made, or came to nothing: grants go on.',
    args: { cont: token },
    result: {},
    causes: unknownToken,
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
  supportLost: call({
    ...fromKernel,
    name: 'support_lost',
    doc: 'The guest on that machine is gone, or will never be heard again: its copies are nobody’s. `pages` is how many it could have written: if there are any, the container’s present is lost.',
    args: { cont: token, machine: machineId },
    result: { pages: countOf('pages') },
    causes: unknownToken,
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
})

export const guestUpcalls = group(0x9a0, {
  guestBegin: call({
    ...fromKernel,
    name: 'guest_begin',
    doc: 'Supply the pages of a container of another machine on this one, as a guest of its manager there. `slot` is that of its stand-in. Answers the proxy’s own token for it; the kernel makes the stand-in live with that.',
    args: {
      machine: machineId,
      port,
      cont: token,
      slot: countOf('slot of a container'),
    },
    result: { cont: token, size: numberOf('bytes') },
    causes: {
      no_such_container: 'The manager there has no container by that token.',
      not_supported:
        'The manager there did not allow it, or this proxy has as many guests as it may.',
      busy: 'The manager there has not given up this machine’s guest before yet. Try again.',
      unreachable: 'The manager there did not answer.',
    },
    idempotent: false,
    afterCrash: 'Nothing: guests are volatile.',
  }),
  guestEnd: call({
    ...fromKernel,
    name: 'guest_end',
    doc: 'The guest is over: forget it. Its page table is empty or will be; faults that wait hear `frozen`. Nothing is returned: either all is at home, or the container goes back.',
    args: { cont: token },
    result: {},
    causes: { no_such_container: 'The proxy has no guest by that token.' },
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
  guestAcquire: call({
    ...fromKernel,
    name: 'guest_acquire',
    doc: 'A locus of the guest goes on behind something that it has waited for: of a container with release consistency, give up what other machines have overwritten. Answered when every locus here has acknowledged that.',
    args: { cont: token },
    result: {},
    causes: {
      no_such_container: 'The proxy has no guest by that token.',
      unreachable: 'The manager at home did not say in time what was overwritten.',
    },
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
})
