/** Containers of this machine that others may have guests of, and visits of them that run there. In memory only: a crash ends all of them. */
import type { ArgsOf, machineCalls, MachineId } from '@katydid/abi'
import type { Container } from '../container/container.js'
import type { Waiting } from '../machines/letters.js'

type LendArgs = ArgsOf<(typeof machineCalls)['visitLend']>

/** One life of a container, and who may have a guest of it. */
export interface Lends {
  readonly container: Container
  readonly incarnation: number
  /** Each in the incarnation in which it was allowed. */
  readonly machines: Map<MachineId, number>
}

export interface Lent {
  readonly number: number
  readonly container: Container
  readonly letter: Waiting
  readonly borrower: MachineId
  readonly args: Omit<LendArgs, 'recovery'>
  /** The other machine has said that it has it. */
  begun: boolean
  /** When it is offered again. */
  dueMs: number
}
