/** What every port can see of every other, actor or locus alike: its bell, its incarnation, whether it is dead. */
import {
  actorStates,
  asGeneration,
  bellPortOf,
  isLocusPort,
  locusOfPort,
  locusStates,
  type Generation,
  type PortId,
} from '@katydid/abi'
import { Bell, ring } from './bell.js'
import type { Region } from './region.js'

/** Word index of the bell of a port. */
export function bellWord(region: Region, port: PortId): number {
  return isLocusPort(port)
    ? region.locusWord(locusOfPort(port), 'bell')
    : region.actorWord(bellPortOf(port, region.plan.shape.together ?? false), 'bell')
}

/** The owner's side of a port's bell. `spin` as in `Bell`. */
export function bellOf(region: Region, port: PortId, spin?: number): Bell {
  return new Bell(region.words, bellWord(region, port), spin)
}

/** Rings a port's bell for the reasons in `bellBits`. */
export function ringPort(region: Region, port: PortId, reason: number): void {
  ring(region.words, bellWord(region, port), reason)
}

/** The present incarnation of a port; 0 before the first. */
export function generationOf(region: Region, port: PortId): Generation {
  const word = isLocusPort(port)
    ? region.locusWord(locusOfPort(port), 'generation')
    : region.actorWord(port, 'generation')
  return asGeneration(region.words.load(word))
}

/** True once the supervisor has seen the exit of the port's thread. */
export function isDead(region: Region, port: PortId): boolean {
  return isLocusPort(port)
    ? region.words.load(region.locusWord(locusOfPort(port), 'state')) === locusStates.dead
    : region.words.load(region.actorWord(port, 'state')) === actorStates.dead
}
