/** The thread of the actors of a machine that share one: all that never block it. */
import { actorPorts, type PortId } from '@katydid/abi'
import { serveTogether, type MakePart } from '@katydid/actor'
import { consolePart } from '@katydid/devices/console/console-part.js'
import { networkPart } from '@katydid/devices/network/network-part.js'
import { kernelPart } from '@katydid/kernel/kernel-part.js'

await serveTogether(
  new Map<PortId, MakePart>([
    [actorPorts.kernel, kernelPart],
    [actorPorts.console, consolePart],
    [actorPorts.network, networkPart],
  ]),
)
