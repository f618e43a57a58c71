/** Two actors on one thread, for tests: each answers its port, and does what control functions say. */
import { actorPorts, diskCalls, type Order, type PortId } from '@katydid/abi'
import { orderAs } from '@katydid/actor'
import { serveTogether, type MakePart, type Seat } from '@katydid/actor'

const partOf = ({ port, endpoint, order }: Seat) => {
  let isOver = false
  let turns = 0
  const control = {
    turns: () => turns,
    /** As whoever it says it is. */
    orderAs: (as: PortId, what: Order) => orderAs(as, what),
    order: (what: Order) => order(what),
    block: () => endpoint.callSync(actorPorts.disk, diskCalls.diskStatus, {}),
    stop: () => {
      isOver = true
    },
    throwInTurn: () => {
      next = () => {
        throw new Error(`thrown by port ${port}`)
      }
    },
  }
  let next: (() => void) | null = null
  const turn = (): number => {
    turns++
    next?.()
    return Infinity
  }
  return { control, turn, isOver: () => isOver }
}
export type PairControl = ReturnType<typeof partOf>['control']

await serveTogether(
  new Map<PortId, MakePart>([
    [actorPorts.kernel, partOf],
    [actorPorts.console, partOf],
  ]),
)
