/** What stands at the head of every frame between two machines, and at the head of every message about a call. */
import { layout } from '../layout.js'

export const linkMagic = 0x4b4c4e4b
/** What a frame is: part of a message, or a sign of life. */
export const linkKinds = { message: 1, beat: 2 } as const

export const linkHeadWords = layout(
  'LinkHeadWords',
  48,
  'The head of a frame between two machines; a part of a message follows, or nothing.',
  {
    magic: { words: 1, writer: 'sender', doc: 'link' },
    kind: { words: 1, writer: 'sender', doc: '1 message, 2 beat' },
    from: { words: 1, writer: 'sender', doc: 'the machine that sends' },
    to: { words: 1, writer: 'sender', doc: 'the machine it is for' },
    fromIncarnation: { words: 2, writer: 'sender', doc: 'float 64: its own incarnation' },
    toIncarnation: {
      words: 2,
      writer: 'sender',
      doc: 'float 64: the receiver’s incarnation as the sender knows it; 0 in a beat before it was heard',
    },
    sequence: {
      words: 2,
      writer: 'sender',
      doc: 'float 64: which message of this pair and incarnation, from 1; 0 in a beat',
    },
    total: { words: 1, writer: 'sender', doc: 'bytes of the whole message' },
    at: { words: 1, writer: 'sender', doc: 'where in the message this part begins' },
  },
)

/** What a message about calls says. */
export const linkCallKinds = { request: 1, answer: 2, settled: 3, held: 4 } as const

export const linkCallWords = layout(
  'LinkCallWords',
  40,
  'The head of a message about calls; the packed request or answer follows, or a list of call numbers (float 64).',
  {
    kind: {
      words: 1,
      writer: 'sender',
      doc: '1 request, 2 answer, 3 settled (the caller needs these no more), 4 held (the callee still remembers these)',
    },
    ended: {
      words: 1,
      writer: 'callee',
      doc: 'of an answer: how it ended, an index in linkEnds; when not answered, a sentence follows',
    },
    number: { words: 2, writer: 'caller', doc: 'float 64: the call’s number, from 1' },
    below: {
      words: 2,
      writer: 'caller',
      doc: 'float 64: all its calls of lower numbers are settled',
    },
    deadlineMs: { words: 1, writer: 'caller', doc: 'milliseconds left to it' },
    port: { words: 1, writer: 'caller', doc: 'the callee’s port' },
    from: { words: 1, writer: 'caller', doc: 'the caller’s port' },
    generation: { words: 1, writer: 'caller', doc: 'incarnation of the actor that calls' },
  },
)
