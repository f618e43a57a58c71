/** Messages as bytes: fixed and general, well formed and not. */
import {
  asInterval,
  asToken,
  diskCalls,
  groups,
  locusCalls,
  managerUpcalls,
  statuses,
  type AnySignature,
  type Field,
  type Fields,
} from '@katydid/abi'
import { fixedCodec, packValue, unpackValue, unreachable } from '@katydid/actor'
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  mailOf,
  readHeader,
} from '@katydid/actor/messages.js'
import { BadWire } from '@katydid/actor/wire.js'
import test from 'ava'
import * as fc from 'fast-check'

const signatures = Object.values(groups).flatMap((group) => Object.values(group))
const fixed = signatures.filter((signature) => signature.fixed === true)

type Values = Record<string, unknown>

/** Any value a field can have. */
function anyOf(field: Field<unknown>): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'u32':
      return fc.nat(0xffffffff)
    case 'f64':
      return fc.oneof(
        fc.nat(2 ** 31 - 1),
        fc.maxSafeNat(),
        fc.double({ noNaN: true }).map((n) => n + 0),
      )
    case 'bool':
      return fc.boolean()
    case 'text':
      return fc.string({ unit: 'grapheme' })
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 })
    case 'json':
      return fc.oneof(fc.constant(null), fc.string(), fc.array(fc.integer()))
    case 'word':
      return fc.constantFrom(...field.words!)
    case 'list':
      return fc.array(anyOf(field.of!), { maxLength: 20 })
    case 'optional':
      return fc.option(anyOf(field.of!), { nil: null })
    case 'record':
      return valuesOf(field.fields!)
    default:
      return unreachable(field.kind)
  }
}

const valuesOf = (fields: Fields): fc.Arbitrary<Values> =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, anyOf(field)])))

const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)

test('[AC5] there are calls of fixed shape, the fault among them', (t) => {
  t.true(fixed.includes(managerUpcalls.containerFault))
})

for (const signature of fixed) {
  const plain = (values: Values): unknown[] =>
    Object.entries(signature.args).map(([name, field]) =>
      field.kind === 'word' ? field.words!.indexOf(values[name] as string) : values[name],
    )

  test(`[AC5] ${signature.name}: any msgpack decoder reads what the fixed codec writes`, (t) => {
    const codec = fixedCodec(signature)
    const property = fc.property(
      valuesOf(signature.args),
      fc.nat(0xffffffff),
      fc.nat(64),
      (values, sequence, at) => {
        const bytes = new Uint8Array(at + codec.bytes)
        const view = new DataView(bytes.buffer)

        const length = codec.write(view, at, sequence, values)

        t.is(length, codec.bytes)
        t.deepEqual(unpackValue(bytes.subarray(at)), [signature.op, sequence, ...plain(values)])
        t.deepEqual(codec.read(view, at), values)
      },
    )
    t.notThrows(() => fc.assert(property))
  })

  test(`[AC5] ${signature.name}: a wrong type byte anywhere is refused`, (t) => {
    const codec = fixedCodec(signature)
    const [values] = fc.sample(valuesOf(signature.args), { numRuns: 1, seed: 1 }) as [Values]
    const bytes = new Uint8Array(codec.bytes)
    const view = new DataView(bytes.buffer)
    codec.write(view, 0, 1, values)
    const before = copy(bytes)
    let typeBytes = 0

    for (let at = 0; at < codec.bytes; at++) {
      bytes.set(before)
      bytes[at] = 0xc1 // A byte that msgpack never uses.
      const read = codec.read(view, 0)
      if (read === null) typeBytes += 1
      else t.deepEqual(Object.keys(read), Object.keys(values))
    }

    // Head, op (3) and the sequence's type, and a byte a field at least.
    t.true(typeBytes >= 5 + Object.keys(values).length)
  })
}

test('[AC5] a value outside its field is our own bug, and stops us', (t) => {
  const codec = fixedCodec(managerUpcalls.pageDiscard)
  const view = new DataView(new ArrayBuffer(64))

  t.throws(() => codec.write(view, 0, 1, { pageset: 1 as never, pageCount: -1 }), {
    message: /^AC5/,
  })
  t.throws(() => codec.write(view, 0, 1, { pageset: 1.5 as never, pageCount: 1 }), {
    message: /^AC5/,
  })
  t.throws(() => fixedCodec(diskCalls.diskSync), { message: /^AC5/ })
})

test('[AC13] every call’s request and answer come back as they went', (t) => {
  for (const signature of signatures) {
    const property = fc.property(
      valuesOf(signature.args),
      valuesOf(signature.result),
      fc.nat(0xffffffff),
      (args, results, sequence) => {
        const header = { op: 0, sequence: 0 }
        const request = mailOf(copy(encodeRequest(signature, sequence, args)))
        t.true(readHeader(request, header))
        t.deepEqual(header, { op: signature.op, sequence })
        t.deepEqual(decodeRequest(signature, request), args)

        const answer = mailOf(copy(encodeAnswer(signature, sequence, { ...results, status: 'ok' })))
        t.true(readHeader(answer, header))
        t.deepEqual(header, { op: signature.op | 0x8000, sequence })
        t.deepEqual(decodeAnswer(signature, answer), { ...results, status: 'ok' })
      },
    )
    t.notThrows(() => fc.assert(property, { numRuns: 20 }), signature.name)
  }
})

test('[AC13] every declared refusal comes back with its sentence, any other as bad_message', (t) => {
  for (const signature of signatures) {
    for (const status of statuses.filter((word) => word !== 'ok')) {
      const detail = `why ${status}`
      const answer = mailOf(copy(encodeAnswer(signature, 1, { status, detail })))

      const decoded = decodeAnswer(signature, answer)

      const declared = status === 'bad_message' || signature.errors.includes(status)
      t.is(decoded.status, declared ? status : 'bad_message')
    }
  }
})

test('[AC13] bytes that are not as declared are refused, whatever they are', (t) => {
  const shapes: AnySignature[] = [
    managerUpcalls.containerFault,
    diskCalls.diskWrite,
    locusCalls.locusCreate,
  ].map((signature) => signature as unknown as AnySignature)
  let refused = 0
  const tryAll = (signature: AnySignature, bytes: Uint8Array): void => {
    readHeader(mailOf(bytes), { op: 0, sequence: 0 })
    for (const decode of [decodeRequest, decodeAnswer]) {
      try {
        decode(signature, mailOf(bytes))
      } catch (error) {
        if (!(error instanceof BadWire)) throw error
        refused += 1
      }
    }
  }
  const noise = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    for (const signature of shapes) tryAll(signature, bytes)
  })
  const bent = fc.property(
    fc.constantFrom(...shapes).chain((s) => fc.tuple(fc.constant(s), valuesOf(s.args))),
    fc.nat(),
    fc.nat(255),
    fc.nat(),
    ([signature, args], where, byte, cut) => {
      const bytes = copy(encodeRequest(signature, 7, args))
      bytes[where % bytes.length] = byte
      tryAll(signature, bytes)
      tryAll(signature, bytes.subarray(0, cut % (bytes.length + 1)))
    },
  )

  t.notThrows(() => fc.assert(noise, { numRuns: 2000 }))
  t.notThrows(() => fc.assert(bent, { numRuns: 2000 }))

  t.true(refused > 1000)
})

test('[AC13] values of the wrong kind are refused one by one', (t) => {
  const { op } = managerUpcalls.stateIntervalQuery
  const ask = (...items: unknown[]): unknown => {
    try {
      const mail = mailOf(packValue([op, 1, ...items]))
      return decodeRequest(managerUpcalls.stateIntervalQuery, mail)
    } catch (error) {
      return error instanceof BadWire ? 'refused' : error
    }
  }

  t.deepEqual(ask(1, 2), { cont: asToken(1), stateInterval: asInterval(2) })
  for (const wrong of [-1, 1.5, 2 ** 32, '1', null, true, [1], { a: 1 }])
    t.is(ask(wrong, 2), 'refused', JSON.stringify(wrong))
  t.is(ask(1), 'refused')
  t.is(ask(1, 2, 3), 'refused')
})

test('[AC14] packed values come back as copies', (t) => {
  const value = { text: 'é', n: 2 ** 40, bytes: Uint8Array.of(1, 2, 3), list: [null, true, 1.5] }
  const packed = packValue(value)

  const unpacked = unpackValue(packed) as typeof value
  packed.fill(0)

  t.deepEqual({ ...unpacked, bytes: Uint8Array.from(unpacked.bytes) }, value)
  t.throws(() => unpackValue(Uint8Array.of(0x92, 1)))
  t.throws(() => unpackValue(Uint8Array.of(1, 1)))
})
