/** The first record of a machine's region. */
import { layout } from '../layout.js'

export const machineWords = layout(
  'MachineWords',
  128,
  'One a machine, at the start of its region.',
  {
    abi: { words: 1, writer: 'world, at creation', doc: 'the ABI version the region was made by' },
    machineId: { words: 1, writer: 'world, at creation', doc: 'token of the machine' },
    pageBytes: { words: 1, writer: 'world, at creation', doc: 'page size' },
    firstFrame: {
      words: 1,
      writer: 'world, at creation',
      doc: 'the first frame’s page number in the region',
    },
    frames: { words: 1, writer: 'world, at creation', doc: 'how many frames there are' },
    gate: {
      words: 1,
      writer: 'kernel actor',
      doc: '0 open; else the number of the freeze that is closing or closed',
    },
    tick: {
      words: 1,
      writer: 'supervisor',
      doc: 'raised every tick of the supervisor (100 ms); deadlines count ticks',
    },
    recovery: {
      words: 1,
      writer: 'kernel actor',
      doc: 'recovery number: raised by each recovery session',
    },
    freeFrames: { words: 1, writer: 'kernel actor', doc: 'frames of no page set' },
    reserved: { words: 23, writer: 'nobody', doc: 'to whole cache lines' },
  },
)
