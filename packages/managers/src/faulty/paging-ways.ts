/** Managers that are wrong about what a page holds, and about giving frames back. */
import {
  actorPorts,
  diskCalls,
  pageSetCalls,
  type AnySignature,
  type ArgsOf,
  type Reply,
} from '@katydid/abi'
import { Lcd, frames } from '@katydid/memory'
import { MiddleMessenger } from './middle-messenger.js'
import type { Way } from './way.js'

type DiskWrite = typeof diskCalls.diskWrite
type Place = Extract<Reply<DiskWrite>, { status: 'ok' }>['places'][number]

/** Every so many pages, one is treated badly. */
const every = 5

export const forgetsDirtyPage: Way = {
  doc: 'takes some pages that are written to for clean, and drops them',
  create: ({ region, messenger, pageSet }) => ({
    fault: (trap, serve) => {
      const { pageBytes } = region.plan.shape
      const page = Math.floor(trap.offset / pageBytes)
      if (trap.access === 'read' || page % every !== 0)
        return serve(trap.access === 'read' ? 'read' : 'write', (status) => trap.answer(status))
      serve('read', (status) => {
        const lcd = Lcd.open(region, {
          container: trap.container,
          manager: messenger.port,
          pageSet: pageSet()!,
        })
        const offset = page * pageBytes
        const { frame } = lcd.query(offset)
        if (frame !== null) lcd.install([{ offset, frame, access: 'write' }])
        trap.answer(status)
      })
    },
  }),
}

/** The places of earlier writes are said again, whatever was written since. */
export const losesNewestWrite: Way = {
  doc: 'remembers where a page was first written, and reads it from there for ever',
  create: () => {
    const first = new Map<string, Place>()
    return {
      messenger: (real) =>
        new MiddleMessenger(real, {
          reply: <S extends AnySignature>(signature: S, reply: Reply<S>, args: ArgsOf<S>) => {
            if ((signature as AnySignature) !== diskCalls.diskWrite || reply.status !== 'ok')
              return reply
            const { pages } = args as unknown as ArgsOf<DiskWrite>
            const answer = reply as unknown as Extract<Reply<DiskWrite>, { status: 'ok' }>
            const places = answer.places.map((place, index) => {
              const { cont, page, content } = pages[index]!
              if (content !== null) return place
              const key = `${cont}:${page}`
              if (!first.has(key)) first.set(key, place)
              return first.get(key)!
            })
            return { ...answer, places } as unknown as Reply<S>
          },
        }),
    }
  },
}

export const discardsNothing: Way = {
  doc: 'says ok to page_discard and gives nothing back',
  create: () => ({ upcalls: () => ({ pageDiscard: () => ({ status: 'ok' }) }) }),
}

export const discardsTooMany: Way = {
  doc: 'gives back twice what page_discard asks for',
  create: () => ({
    upcalls: (real) => ({
      pageDiscard: ({ pageset, pageCount }, call) =>
        real.pageDiscard({ pageset, pageCount: 2 * pageCount }, call),
    }),
  }),
}

export const returnsFramesInUse: Way = {
  doc: 'gives back frames that its page tables still show',
  create: ({ region, messenger }) => ({
    upcalls: () => ({
      pageDiscard: ({ pageset, pageCount }) => {
        const shown = [...frames(region)].filter(
          (frame) =>
            region.words.load(region.frameWord(frame, 'owner')) === pageset &&
            region.words.load(region.frameWord(frame, 'entry')) !== 0,
        )
        const args = { pageset, frames: shown.slice(0, pageCount) }
        messenger.call(actorPorts.kernel, pageSetCalls.pageSetRemove, args, () => {})
        return { status: 'ok' }
      },
    }),
  }),
}
