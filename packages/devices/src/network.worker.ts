/** The network driver's thread: it waits in its event loop. */
import { actorPorts } from '@katydid/abi'
import { serveTogether } from '@katydid/actor'
import { networkPart } from './network/network-part.js'

await serveTogether(new Map([[actorPorts.network, networkPart]]))
