/**
 * Going back to a snapshot that only the container's history names: its map becomes the container's, the map of the present is taken
 * apart, and newer retained snapshots with it, since they never happened. Answered when the root page that says so is durable: until
 * then a start finds the older map, and is asked to go back once more.
 */
import { refuse, type Answer, type ArgsOf, type managerUpcalls } from '@katydid/abi'
import { invariant, type IncomingCall } from '@katydid/actor'
import type { ManagedContainer } from './managed-container.js'
import type { UpcallParts } from './upcalls.js'

type ContRollback = (typeof managerUpcalls)['contRollback']

/** Maps stand still while the root page is made durable: longer than that nothing keeps a request. */
const patienceMs = 30_000

/** Does it as soon as maps may change; `settle` is called when the map shows that snapshot. */
export function goFarBack(
  { context, pagers, retention, ownSnapshot }: UpcallParts,
  container: ManagedContainer,
  { cont, stateInterval, open }: ArgsOf<ContRollback>,
  call: IncomingCall<ContRollback>,
  settle: () => void,
): void {
  const gone = (): Answer<ContRollback> =>
    refuse(
      'no_such_interval',
      `snapshot ${stateInterval} of container ${cont} is not there any more`,
    )
  const attempt = (): boolean => {
    const entry = container.history?.find(stateInterval)
    if (entry === undefined || context.containers.get(cont) !== container) {
      call.reply(gone())
      return true
    }
    invariant(stateInterval < open, 'SI7: after going back a higher interval is open', { open })
    const map = context.store.maps.share(entry.map)
    pagers.folding.forget(container)
    pagers.folding.graveyard.push({ map: { ...container.map }, history: null })
    Object.assign(container.map, map)
    container.folded = stateInterval
    container.takenMs = container.history!.takenMs = entry.takenMs
    for (const newer of container.history!.retained)
      if (newer.interval > stateInterval) retention.letGo(container, newer)
    settle()
    ownSnapshot.request((isDurable) =>
      call.reply(
        isDurable ? { status: 'ok' } : refuse('no_such_interval', 'its root page is not durable'),
      ),
    )
    return true
  }
  const untilMs = context.clock.nowMs() + patienceMs
  const fail = (_: unknown, detail: string): void =>
    call.reply(refuse('no_such_interval', `the map of snapshot ${stateInterval}: ${detail}`))
  retention.when({ attempt, fail, untilMs })
}
