/**
 * The trap of a locus on its own thread: post, go quiet, park, come back, look again.
 *
 * While it is parked the locus is quiet, so that no removal waits for it, unless a view of real memory is out. Every park
 * ends after a second to look at the manager's generation and at the deadline; nothing is waited for without one.
 */
import {
  asPort,
  containerStates,
  locusStates,
  locusWords,
  statusOf,
  statusTable,
  trapStates,
  type LocusSlot,
} from '@katydid/abi'
import { invariant, type Bell, type Region } from '@katydid/actor'
import { AccessError } from './access-error.js'
import type { AttachmentSet } from './attachment-set.js'
import type { Trap, TrapStrategy } from './attachment.js'
import { managerOf, postTrap } from './trap.js'

/** A constant of this module, which the engine folds: what is imported it loads anew at each use. */
const { at } = locusWords
const parkMs = 1000
/** Parks without an answer before the trap is given up. */
const patience = 10

const givenUp =
  'the manager of the container failed too often and was given up; its containers have stopped until the world is opened again'

export class LocusTrap implements TrapStrategy {
  readonly #region: Region
  readonly #locus: LocusSlot
  /** Word index at which the record of the locus begins. */
  readonly #record: number
  readonly #bell: Bell
  /** The attachments in use now; set by the locus when it enters a container. */
  uses: AttachmentSet | null = null

  constructor(region: Region, locus: LocusSlot, bell: Bell) {
    this.#region = region
    this.#locus = locus
    this.#record = region.locusWord(locus, 'state') - at.state
    this.#bell = bell
  }

  /** Posts the trap to the page's manager and blocks until it is answered. Throws `AccessError` with the manager's refusal. */
  resolve(trap: Trap): void {
    const { words } = this.#region
    const manager = managerOf(this.#region, trap.container)
    const standing = words.load(this.#region.containerWord(trap.container, 'state'))
    if (standing === containerStates.failed) throw new AccessError('manager_failed', givenUp)
    if (standing !== containerStates.live)
      throw new AccessError('entity_gone', 'the container was destroyed')
    if (manager === null)
      throw new AccessError(
        'no_manager',
        'the container has no manager, so nobody can supply its pages; adopt it first (manage_request)',
      )
    postTrap(this.#region, this.#locus, { ...trap, manager })
    words.add(this.#record + at.faults, 1)
    this.goQuiet()
    const status = this.#await()
    this.comeBack()
    if (status !== 'ok')
      throw new AccessError(
        status,
        `${trap.access} of offset ${trap.offset}: ${statusTable[status]}`,
      )
  }

  /**
   * No access from here on: state is stored after the last one. Kept running while a view of real memory is out; then only
   * the containers of which there is none are let go.
   */
  goQuiet(state: number = locusStates.quiet): void {
    if (this.uses?.pinned === true) return this.uses.suspend()
    // Before the state: who sees it at rest may take what its container has received.
    if (state === locusStates.resting) this.uses?.settleReceipts()
    this.#region.words.store(this.#record + at.state, state)
    this.uses?.ringWaiters()
  }

  /** Running first; then the generation is read and acknowledged; only then entries. */
  comeBack(): void {
    const { words } = this.#region
    words.store(this.#record + at.state, locusStates.running)
    words.add(this.#record + at.turns, 1)
    this.uses?.renew()
  }

  #await(): ReturnType<typeof statusOf> {
    const { words } = this.#region
    const state = this.#record + at.trapState
    for (let parks = 0; words.load(state) !== trapStates.answered;) {
      if (this.#bell.park(parkMs) !== 0) continue
      parks++
      if (this.#managerIsAnother() && this.#withdraw()) return 'manager_failed'
      if (parks >= patience && this.#withdraw()) return 'manager_failed'
    }
    const status = statusOf(words.load(this.#record + at.trapStatus))
    const before = words.compareExchange(state, trapStates.answered, trapStates.idle)
    invariant(
      before === trapStates.answered,
      'ME6: an answered trap stays answered until its locus takes it',
      { before },
    )
    return status
  }

  /** Whether the manager has died or been restarted since the trap was posted: its successor does not know of it. */
  #managerIsAnother(): boolean {
    const { words } = this.#region
    const manager = asPort(words.load(this.#record + at.trapManager))
    return (
      words.load(this.#region.actorWord(manager, 'generation')) !==
      words.load(this.#record + at.trapManagerGeneration)
    )
  }

  /** Takes the trap back; false when the answer came first. */
  #withdraw(): boolean {
    const { words } = this.#region
    const state = this.#record + at.trapState
    const posted = words.compareExchange(state, trapStates.posted, trapStates.idle)
    if (posted === trapStates.posted) return true
    return words.compareExchange(state, trapStates.taken, trapStates.idle) === trapStates.taken
  }
}
