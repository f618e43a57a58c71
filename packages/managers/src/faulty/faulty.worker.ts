/** The thread of a faulty manager: which of them is said by its options (`way`). To die is an exception that nobody catches. */
import { asBlock } from '@katydid/abi'
import {
  actorBoot,
  Bell,
  Endpoint,
  exposeControl,
  order,
  Region,
  serveForever,
  TickClock,
} from '@katydid/actor'
import { readBlock } from '@katydid/memory'
import { defaultOptions, type SelfManagingData } from '../self-managing/options.js'
import { FaultyManager } from './faulty-manager.js'
import { ways, type WayName } from './ways.js'

const { region: handle, port, data } = actorBoot()
const { boot, diskFd, options } = data as SelfManagingData
const { way, ...figures } = { way: 'neverAnswers' as WayName, ...options }
const region = new Region(handle)
const clock = new TickClock(region)
const bell = new Bell(region.words, region.actorWord(port, 'bell'))
const endpoint = new Endpoint({ region, port, clock, bell })
const manager = new FaultyManager(
  {
    region,
    messenger: endpoint,
    clock,
    read: (place, into) => readBlock(diskFd, asBlock(place.block), into, place.checksum),
    report: (event) => order({ order: 'report', event }),
    options: { ...defaultOptions, ...figures },
  },
  boot,
  ways[way],
  () => {
    throw new Error(`the manager ${ways[way].doc}, on purpose`)
  },
)
let stopped = false
exposeControl({
  stop: () => {
    stopped = true
  },
})
await serveForever({ endpoint, bell, onTurn: () => manager.turn(), stopped: () => stopped })
