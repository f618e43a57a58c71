/** Managers that are wrong about faults. */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { frames, Lcd, type PendingTrap } from '@katydid/memory'
import type { Tools, Way } from './way.js'

/** Later than anybody waits for a fault. */
const lateMs = 25_000
/** It dies in this fault, and, started again, in its like. */
const fatalFault = 40

const accessOf = (trap: PendingTrap): 'read' | 'write' =>
  trap.access === 'read' ? 'read' : 'write'

const pageOf = (tools: Tools, trap: PendingTrap): number =>
  trap.offset - (trap.offset % tools.region.plan.shape.pageBytes)

const lcdOf = (tools: Tools, trap: PendingTrap): Lcd => {
  const pageSet = tools.pageSet()
  invariant(pageSet !== null, 'MG63: a policy that serves faults has a page set', {})
  return Lcd.open(tools.region, {
    container: trap.container,
    manager: tools.messenger.port,
    pageSet,
  })
}

/** A frame of the machine that is not of the manager's set. */
function strangersFrame(tools: Tools): Frame {
  const { region } = tools
  for (const frame of frames(region))
    if (region.words.load(region.frameWord(frame, 'owner')) !== tools.pageSet()) return frame
  throw new Error('every frame of the machine is ours')
}

export const neverAnswers: Way = {
  doc: 'never answers a fault',
  create: () => ({ fault: () => {} }),
}

export const answersWithoutInstalling: Way = {
  doc: 'answers a fault with ok and installs nothing',
  create: () => ({ fault: (trap) => void trap.answer('ok') }),
}

export const givesTooLittleAccess: Way = {
  doc: 'shows every page read-only, also to who wants to write',
  create: () => ({ fault: (trap, serve) => serve('read', (status) => trap.answer(status)) }),
}

export const installsStrangersFrame: Way = {
  doc: 'shows frames of other page sets',
  create: (tools) => ({
    fault: (trap) => {
      const frame = strangersFrame(tools)
      lcdOf(tools, trap).install([{ offset: pageOf(tools, trap), frame, access: 'write' }])
      trap.answer('ok')
    },
  }),
}

export const installsElsewhere: Way = {
  doc: 'installs the page at a neighbour’s offset',
  create: (tools) => ({
    fault: (trap, serve) =>
      serve(accessOf(trap), (status) => {
        const lcd = lcdOf(tools, trap)
        const offset = pageOf(tools, trap)
        const { frame } = lcd.query(offset)
        lcd.remove([offset])
        if (frame !== null)
          lcd.install([
            { offset: offset + tools.region.plan.shape.pageBytes, frame, access: 'read' },
          ])
        trap.answer(status)
      }),
  }),
}

export const answersTwice: Way = {
  doc: 'answers every fault twice, the second time late and as a refusal',
  create: ({ clock }) => {
    const again: { trap: PendingTrap; atMs: number }[] = []
    return {
      fault: (trap, serve) =>
        serve(accessOf(trap), (status) => {
          trap.answer(status)
          trap.answer('access_denied')
          again.push({ trap, atMs: clock.nowMs() + 5 })
        }),
      turn: () => {
        while (again.length > 0 && again[0]!.atMs <= clock.nowMs())
          again.shift()!.trap.answer('access_denied')
      },
    }
  },
}

export const answersLate: Way = {
  doc: 'serves a fault when nobody waits for it any more',
  create: ({ clock }) => {
    const held: { atMs: number; go: () => void }[] = []
    return {
      fault: (trap, serve) => {
        const go = (): void => serve(accessOf(trap), (status) => trap.answer(status))
        held.push({ atMs: clock.nowMs() + lateMs, go })
      },
      turn: () => {
        while (held.length > 0 && held[0]!.atMs <= clock.nowMs()) held.shift()!.go()
      },
    }
  },
}

export const diesInFault: Way = {
  doc: 'dies while it serves a fault',
  create: ({ die }) => {
    let served = 0
    return {
      fault: (trap, serve) => {
        served++
        if (served === fatalFault) die()
        else serve(accessOf(trap), (status) => trap.answer(status))
      },
    }
  },
}
