/**
 * Gates. A container's gate, shut, has every locus at its outermost invocation in it come to rest at its next safepoint; the machine's has
 * all. A gate is stored before loci are rung and looked at; a locus stores its state before it loads the gate, and counts itself into a
 * container before it looks at that gate. So either sees the other.
 */
import { bellBits, containerGates, locusStates, type ContainerSlot } from '@katydid/abi'
import { invariant, ring } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'

/** Shuts the machine's gate. */
export function shutGate(machine: Machine): void {
  machine.captures.freezes++
  invariant(machine.captures.freezes > 0, 'SI2: the number of a freeze is never 0', {})
  machine.region.words.store(machine.region.machineWord('gate'), machine.captures.freezes)
  ringLoci(machine)
}

/** Opens the machine's gate: loci go on, and those that asked meanwhile what to enter are answered. */
export function openGate(machine: Machine): void {
  machine.region.words.store(machine.region.machineWord('gate'), 0)
  for (const container of machine.containers.all()) setGate(machine, container.slot, 'open')
  ringLoci(machine)
  answerBegins(machine)
}

/** Shuts the gates of these containers. */
export function shutGates(machine: Machine, containers: Iterable<Container>): void {
  for (const { slot } of containers) setGate(machine, slot, 'shut')
  ringLoci(machine)
}

/** Nobody comes into these containers any more, and no locus of them goes on. */
export function closeGates(machine: Machine, slots: readonly ContainerSlot[]): void {
  for (const slot of slots) setGate(machine, slot, 'cutting')
  ringLoci(machine)
}

/** Opens them again; whoever waits to come in is rung too. */
export function openGates(machine: Machine, containers: Iterable<Container>): void {
  for (const { slot } of containers) setGate(machine, slot, 'open')
  ringLoci(machine)
  answerBegins(machine)
}

/** Whether a locus of the container may be told what to enter. */
export function isOpen(machine: Machine, slot: ContainerSlot): boolean {
  const { words } = machine.region
  return (
    words.load(machine.region.machineWord('gate')) === 0 &&
    words.load(machine.region.containerWord(slot, 'gate')) === containerGates.open
  )
}

/**
 * From shut to cutting, if everything that lives in the container stands still: nobody can come in any more. False, with the gate
 * shut as before, if something moves.
 */
export function beginCut(machine: Machine, container: Container): boolean {
  setGate(machine, container.slot, 'cutting')
  if (isAtRest(machine, container)) return true
  setGate(machine, container.slot, 'shut')
  // Who came to the gate while it said cutting waits to be rung.
  ringLoci(machine)
  return false
}

/** Whether no instruction of a program can run in the container until its gate opens. */
export function isAtRest(machine: Machine, { slot }: Container): boolean {
  const { words } = machine.region
  if (words.load(machine.region.containerWord(slot, 'frames')) !== 0) return false
  return machine.loci
    .threads()
    .every((each) => each.container !== slot || standsStill(machine, each))
}

function standsStill(machine: Machine, locus: Locus): boolean {
  if (locus.end !== null) return true
  invariant(locus.slot !== null, 'LO60: a thread has a slot', { id: locus.id })
  const state = machine.region.words.load(machine.region.locusWord(locus.slot, 'state'))
  // `ended` without an end: its locus_end is in the mail and belongs into this capture.
  return state === locusStates.resting || state === locusStates.starting
}

/** Loci that keep the container from coming to rest, by name. */
export function movingIn(machine: Machine, container: Container): string {
  const names = lociMovingIn(machine, container)
  return names.length === 0 ? 'a locus' : names.join(', ')
}

/** Names of the loci that are rooted or run in the container and do not stand still. */
export function lociMovingIn(machine: Machine, { slot }: Container): string[] {
  const moving = machine.loci.threads().filter((each) => {
    if (each.slot === null) return false
    const inside = machine.region.words.load(machine.region.locusWord(each.slot, 'container'))
    return (inside === slot || each.container === slot) && !standsStill(machine, each)
  })
  return moving.map(nameOf)
}

/** Names of the loci that are in a nested invocation: one of them has gone through a container in which nobody runs now, and will come back there. */
export function lociNested(machine: Machine): string[] {
  const { words } = machine.region
  return machine.loci
    .threads()
    .filter(({ slot }) => slot !== null && words.load(machine.region.locusWord(slot, 'depth')) > 0)
    .map(nameOf)
}

const nameOf = ({ name, id }: Locus): string => (name === '' ? `locus ${id}` : name)

function setGate(machine: Machine, slot: ContainerSlot, to: keyof typeof containerGates): void {
  machine.region.words.store(machine.region.containerWord(slot, 'gate'), containerGates[to])
}

function answerBegins(machine: Machine): void {
  const held = machine.heldBegins
  machine.heldBegins = held.filter((each) => !isOpen(machine, each.container))
  for (const each of held) if (isOpen(machine, each.container)) each.answer()
}

function ringLoci(machine: Machine): void {
  for (const { slot } of machine.loci.threads())
    if (slot !== null)
      ring(machine.region.words, machine.region.locusWord(slot, 'bell'), bellBits.mail)
}
