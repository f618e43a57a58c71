/**
 * What the kernels of a world's machines say to each other: durable points and lines, messages of the line from container to container, and
 * the recovery in which all take part. Units are numbered as the sender of a call or answer numbers them.
 */
import {
  bool,
  bytes,
  capref,
  countOf,
  list,
  machineId,
  numberOf,
  oneOf,
  optional,
  record,
  rightBits,
  text,
  token,
} from '../fields.js'
import { call, group } from '../signature.js'
import { program } from './containers.js'
import { supportDecisions } from './manager-upcalls.js'

const unit = numberOf('unit of recovery, as the sender numbers it')
const interval = numberOf('number of an interval')
const recovery = numberOf('recovery over machines')

/** A unit and one of its intervals. */
const unitInterval = record('unit’s interval', { unit, interval })

/** A point of a unit, and what the unit received since its point before. */
const toldPoint = record('told point', { unit, interval, received: list(unitInterval) })

/** Intervals of a unit after `end`, up to `ceiling`, that were gone back over. */
const ended = record('ended intervals', { unit, end: interval, ceiling: interval })

/** Letters from one container to another were received on the line up to this one. */
const receipt = record('receipt', {
  sender: unit,
  senderGeneration: countOf('generation of the container'),
  receiver: unit,
  receiverGeneration: countOf('generation of the container'),
  sequence: numberOf('letter of the pair'),
})

/** A unit as it can be had: points, rising, and what it received since the last; nil: its present is lost. */
const havableUnit = record('havable unit', {
  unit,
  line: interval,
  /** Whether it can be had above the line. */
  above: bool,
  points: list(record('havable point', { interval, received: list(unitInterval) })),
  present: optional(list(unitInterval)),
})

/** A capability for a container, as it goes from one machine to another. The permission group is one of its home. */
export const farCapability = record('far capability', {
  home: machineId,
  slot: countOf('slot of the container at its home'),
  generation: countOf('generation of the container'),
  size: numberOf('bytes'),
  group: countOf('permission group at its home; 0: the master group'),
  rights: rightBits,
})

const containerSlot = countOf('slot of a container')
const containerGeneration = countOf('generation of the container')
const containerIncarnation = countOf('incarnation of the container, raised by every rollback')
const visitNumber = numberOf('visit, by a number of the container’s machine, rising')

/** Where the proxy of a machine that may have a guest asks for pages: the manager’s port, and its token for the container. */
const lender = record('lender', {
  port: countOf('port of an actor'),
  cont: token,
  incarnation: containerIncarnation,
})

/**
 * What a letter says. `invoke`: run the receiver’s program with the block. `answer`: how such a call ended, and its block. `capability`: put `cap` into the receiver’s table. `plain`: the
 * block, for whoever takes it. `void`: nothing any more; it keeps its number. A letter that asks for an answer bears the number of the call, and the group and rights of the capability
 * that it was made with.
 */
const letterKinds = ['plain', 'invoke', 'answer', 'capability', 'void'] as const
export const letterContent = record('letter', {
  kind: oneOf('LetterKind', letterKinds),
  call: numberOf('call of the sender’s machine that the letter makes, or answers'),
  group: countOf('permission group of the receiver; 0: its master group'),
  rights: rightBits,
  epoch: numberOf('epoch in which the nested invocation began'),
  mixed: bool,
  status: text,
  detail: text,
  block: bytes,
  cap: optional(farCapability),
})

const between = { kind: 'downcall', by: 'kernel of another machine' } as const

export const machineCalls = group(0x900, {
  lineGossip: call({
    ...between,
    name: 'line_gossip',
    doc: 'Points that have become durable since the call before, in their order, and how far the line has come. The first call of a stream is whole: the line, and all durable points since. `accepted` is false when another call was expected; the next is to be whole then.',
    args: {
      recovery,
      stream: numberOf('stream, rising'),
      number: numberOf('call of the stream, from 0: the whole one'),
      epoch: numberOf('epoch'),
      points: list(toldPoint),
      lines: list(unitInterval),
      receipts: list(receipt),
    },
    result: { accepted: bool, recovery },
    causes: {
      frozen:
        'One of the two machines takes part in a recovery that the other does not; or its line is being written, and the call is whole.',
    },
    idempotent: true,
    afterCrash: 'What was told is told again, whole.',
  }),
  machineDeliver: call({
    ...between,
    name: 'machine_deliver',
    doc: 'A letter from a container to a container of this machine, stamped when it was first sent. Answers which letter of the pair comes next: the one after this, if it was received now or before.',
    args: {
      recovery,
      sender: unit,
      senderGeneration: countOf('generation of the container'),
      sent: interval,
      sequence: numberOf('letter of the pair, from 1'),
      epoch: numberOf('epoch of the sender when it sent it'),
      cont: countOf('slot of a container'),
      generation: countOf('generation of the container'),
      content: letterContent,
    },
    result: { next: numberOf('letter of the pair') },
    causes: {
      frozen: 'One of the two machines takes part in a recovery that the other does not.',
      busy: 'The receiver is still to be captured for the letter’s epoch, or has as many letters waiting as it may.',
      entity_gone:
        'The container was destroyed; until its end is on the line that can still be undone.',
      no_such_container: 'No container of that generation has the slot, nor will one.',
    },
    idempotent: true,
    afterCrash:
      'The letter is in the sender’s log until its receipt is on the receiver’s line, and comes again.',
  }),
  recoveryJoin: call({
    ...between,
    name: 'recovery_join',
    doc: 'Take part in this recovery, or in its next round: receive, capture and announce nothing, give up these units, and say what can be had of all. `joined` is false, with the highest number known, when the number is used or the machine coordinates a recovery that goes before.',
    args: { recovery, going: list(unit) },
    result: {
      joined: bool,
      known: recovery,
      whole: bool,
      ceiling: interval,
      units: list(havableUnit),
      over: list(unitInterval),
      ended: list(ended),
    },
    causes: {},
    idempotent: true,
    afterCrash: 'A machine that starts coordinates a recovery of its own.',
  }),
  recoveryDecide: call({
    ...between,
    name: 'recovery_decide',
    doc: 'What every unit that goes back, on any machine, goes back to, and how far the line of each has come over what is durable on all machines. Answered when it is on the disk; `decided` is false when the machine does not take part any more.',
    args: { recovery, back: list(ended), ended: list(ended), line: list(unitInterval) },
    result: { decided: bool },
    causes: {},
    idempotent: true,
    afterCrash: 'The machine is back at what was decided, or at something it depends on.',
  }),
  recoveryApply: call({
    ...between,
    name: 'recovery_apply',
    doc: 'All have decided: put the units back and go on. Answered at once.',
    args: { recovery },
    result: {},
    causes: {},
    idempotent: true,
    afterCrash: 'As after recovery_decide.',
  }),
  recoveryLeave: call({
    ...between,
    name: 'recovery_leave',
    doc: 'The recovery comes to nothing for want of a machine: go on, and be ready to join another.',
    args: { recovery },
    result: {},
    causes: {},
    idempotent: true,
    afterCrash: 'Nothing: it is left by itself when its coordinator is silent.',
  }),
  capabilityGiven: call({
    ...between,
    name: 'capability_given',
    doc: 'The host gives a container of this machine a capability. `to` is the host’s capability for that container in its table here. `sent` are the open intervals of containers of the asking machine that the receiver depends on from then on: what it was given is no more, should they go back.',
    args: { recovery, cap: farCapability, sent: list(unitInterval), to: capref },
    result: { cap: capref },
    causes: {
      frozen: 'One of the two machines takes part in a recovery that the other does not.',
      invalid_capref: '`to` names nothing in the host’s table.',
      wrong_type: '`to` names something else than a container.',
      not_supported: '`to` names a container of another machine.',
      entity_gone: 'The container of `to` was destroyed, or its permission group was.',
      right_missing: '`to` does not give the right to write.',
      no_resource: 'The container’s capability table is full, or every container slot is taken.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  containerNamed: call({
    ...between,
    name: 'container_named',
    doc: 'The container of that name of this machine, for the host: as a master capability.',
    args: { recovery, name: text },
    result: { cap: farCapability, interval },
    causes: {
      frozen: 'One of the two machines takes part in a recovery that the other does not.',
      no_such_container: 'No live container of this machine has the name.',
    },
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
  invokeSupport: call({
    ...between,
    name: 'invoke_support',
    doc: 'A locus of the asking machine invokes a container of this one, of which nothing is there: what is to be done? The kernel asks the container’s manager (invoke_no_support). `group` and `rights` are those of the capability; `stateInterval` is the one that is open in the invoking container.',
    args: {
      recovery,
      cont: countOf('slot of a container'),
      generation: countOf('generation of the container'),
      group: countOf('permission group of the container; 0: its master group'),
      rights: rightBits,
      stateInterval: interval,
      params: bytes,
    },
    result: {
      decision: oneOf('decision', supportDecisions),
      machine: machineId,
      lender: optional(lender),
    },
    causes: {
      frozen:
        'One of the two machines takes part in a recovery that the other does not; or the container’s manager died over the question.',
      entity_gone: 'The container was destroyed, or the permission group was.',
      right_missing: 'The capability does not give the right to invoke.',
      no_manager: 'Nobody manages the container.',
      manager_failed: 'The container’s manager was given up, or did not answer in time.',
      not_supported: 'The container’s manager serves it on one machine only.',
    },
    idempotent: true,
    afterCrash: 'Asked again.',
  }),
  visitLend: call({
    ...between,
    name: 'visit_lend',
    doc: 'A container of the calling machine was invoked from this one, and its manager has said `local_support`: run the program here, on the guest’s pages. The container’s machine counts the visit until visit_over. The same number again is the same visit.',
    args: {
      recovery,
      number: visitNumber,
      cont: containerSlot,
      generation: containerGeneration,
      incarnation: containerIncarnation,
      program,
      block: bytes,
      epoch: numberOf('epoch in which the nested invocation began'),
      mixed: bool,
    },
    result: {},
    causes: {
      frozen: 'One of the two machines takes part in a recovery that the other does not.',
      not_supported:
        'There is no guest of the container of that incarnation here, the machine is stopping, or the visit is over. It does not run here, and can be run at home.',
    },
    idempotent: true,
    afterCrash: 'The letter is in the container still, and is begun again.',
  }),
  visitOver: call({
    ...between,
    name: 'visit_over',
    doc: 'A visit that this machine has lent is over: its program returned this block, or failed with this status. `lost`: its thread ended amid it, as `detail` says, and what it had written until then is half done. A number that nobody knows is about a visit that went back.',
    args: {
      number: visitNumber,
      lost: bool,
      status: text,
      detail: text,
      block: bytes,
    },
    result: {},
    causes: { frozen: 'The machine is being recovered. Say it again.' },
    idempotent: true,
    afterCrash: 'The letter is in the container still, and is begun again.',
  }),
  guestOver: call({
    ...between,
    name: 'guest_over',
    doc: 'The caller’s guest of that container is gone, with what it held: its proxy ended, or the machine went back to its line.',
    args: {
      cont: containerSlot,
      generation: containerGeneration,
      incarnation: containerIncarnation,
    },
    result: {},
    causes: { frozen: 'The machine is being recovered. Say it again.' },
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
  guestDrop: call({
    ...between,
    name: 'guest_drop',
    doc: 'The container went back or was destroyed: its guest there, of that incarnation or an earlier one, is to end, and what runs on its pages.',
    args: {
      cont: containerSlot,
      generation: containerGeneration,
      incarnation: containerIncarnation,
    },
    result: {},
    causes: {},
    idempotent: true,
    afterCrash: 'Nothing: guests are volatile.',
  }),
})
