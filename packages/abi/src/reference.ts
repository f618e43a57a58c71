/** The generated reference pages: signatures, layouts, statuses. `npm run docs` writes them, a test keeps them fresh. */
import type { Field, Fields } from './fields.js'
import { groups } from './groups.js'
import { layoutTable, type AnyLayout } from './layout.js'
import * as layouts from './layouts/index.js'
import type { AnySignature, CallKind } from './signature.js'
import { statusTable } from './status.js'

const head = (title: string): string =>
  `# ${title}\n\n<!-- Generated from packages/abi by \`npm run docs\`. Do not edit. -->\n`

const callsIntroduction = `Each call answers \`ok\` or one of its statuses, with a sentence; each status stands with what brings this very call to answer it.
Whoever calls by message can meet four more, on the way: \`timed_out\` (no answer before the caller’s own deadline), \`actor_gone\` (the callee died or was
started anew), \`bad_message\` (the message is not of the declared shape, or the call is not the caller’s to make) and, of an actor of another machine, \`unreachable\`. A host’s
call waits while the world is being recovered, and answers \`manager_failed\` once the world has failed.`

/** On whom calls of a kind are made. */
const served = {
  upcall: 'on a manager',
  downcall: 'on the kernel',
  request: 'on a manager, carried by the kernel',
  device: 'on a driver',
  forwarded: 'on an actor of its machine',
  local: 'on the kernel’s code on its own thread, without a message',
} as const satisfies Record<CallKind, string>

function signatureSection(signature: AnySignature): string {
  const { causes, by, kind, op } = signature
  const statuses = Object.entries<string>(causes).map(
    ([status, cause]) => `| [${status}](statuses.md) | ${cause} |`,
  )
  return [
    `### \`${signature.name}\``,
    '',
    signature.doc,
    '',
    `- **made by** ${by}, ${served[kind]} (${kind}, op 0x${op.toString(16)}${signature.fixed ? ', msgpack of a fixed shape' : ''})`,
    `- **repeating it** ${signature.idempotent ? 'does no harm' : 'acts twice'}`,
    `- **after a crash** ${signature.afterCrash}`,
    '',
    ...fieldTable('argument', signature.args),
    ...fieldTable('answer', signature.result),
    ...(statuses.length === 0
      ? ['It is never refused.', '']
      : ['| status | cause |', '| --- | --- |', ...statuses, '']),
  ].join('\n')
}

function fieldTable(title: string, fields: Fields): string[] {
  const rows = Object.entries(fields).map(
    ([name, field]) => `| \`${name}\` | ${typeOf(field)} | ${unitOf(field)} |`,
  )
  return rows.length === 0 ? [] : [`| ${title} | type | unit |`, '| --- | --- | --- |', ...rows, '']
}

const typeOf = (field: Field<unknown>): string =>
  field.words === undefined ? field.label : `${field.label}: ${field.words.join(', ')}`

/** Of what is made of others, the units of those. */
function unitOf(field: Field<unknown>): string {
  if (field.of !== undefined) return unitOf(field.of)
  const inner = Object.entries(field.fields ?? {}).map(([name, each]) => {
    const unit = unitOf(each)
    return unit === '' ? `\`${name}\` ${each.label}` : `\`${name}\` ${unit}`
  })
  return field.unit ?? inner.join('; ')
}

export function signaturesReference(): string {
  const sections = Object.entries(groups).map(
    ([title, group]) => `## ${title}\n\n${Object.values(group).map(signatureSection).join('\n')}`,
  )
  return `${head('Calls')}\n${callsIntroduction}\n\n${sections.join('\n')}`
}

const known: readonly unknown[] = Object.values(layouts)
const isLayout = (value: unknown): value is AnyLayout =>
  typeof value === 'object' && value !== null && 'at' in value && 'bytes' in value

export function layoutsReference(): string {
  const sections = known
    .filter(isLayout)
    .map((each) => `## ${each.name} (${each.bytes} bytes)\n\n${each.doc}\n\n${layoutTable(each)}\n`)
  return `${head('Layouts of shared and stored memory')}\nWords are 32 bits; shared memory in the machine’s byte order, stored bytes little-endian.\n\n${sections.join('\n')}`
}

export function statusesReference(): string {
  const rows = Object.entries(statusTable).map(
    ([status, meaning], code) => `| ${code} | \`${status}\` | ${meaning} |`,
  )
  return `${head('Statuses')}\n| code | status | meaning |\n| --: | --- | --- |\n${rows.join('\n')}\n`
}

/** One text that changes whenever a signature or layout does: what the version hash is taken of. */
export function abiText(): string {
  const calls = Object.values(groups)
    .flatMap((group) => Object.values(group))
    .map((s) => [s.op, s.name, s.kind, s.fixed ?? false, shape(s.args), shape(s.result), s.errors])
  const records = known
    .filter(isLayout)
    .map((l) => [l.name, l.bytes, Object.entries(l.fields).map(([key, f]) => [key, f.words])])
  return JSON.stringify({ calls, records, statuses: Object.keys(statusTable) })
}

function shape(fields: AnySignature['args']): unknown {
  return Object.entries(fields).map(([key, f]) => [
    key,
    f.kind,
    f.words ?? null,
    f.of?.kind ?? null,
    f.fields ? shape(f.fields) : null,
  ])
}
