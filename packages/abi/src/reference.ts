/** The generated reference pages: signatures, layouts, statuses. `npm run docs` writes them, a test keeps them fresh. */
import { groups } from './groups.js'
import { layoutTable, type AnyLayout } from './layout.js'
import * as layouts from './layouts/index.js'
import type { AnySignature } from './signature.js'
import { statusTable } from './status.js'

const head = (title: string): string =>
  `# ${title}\n\n<!-- Generated from packages/abi by \`npm run docs\`. Do not edit. -->\n`

function signatureSection(signature: AnySignature): string {
  const args = Object.entries(signature.args)
    .map(([name, field]) => `${name}: ${field.label}`)
    .join(', ')
  const result = Object.entries(signature.result)
    .map(([name, field]) => `${name}: ${field.label}`)
    .join(', ')
  return [
    `### \`${signature.name}\``,
    '',
    signature.doc,
    '',
    `- **kind** ${signature.kind}, made by ${signature.by}; op 0x${signature.op.toString(16)}${signature.fixed ? '; msgpack of a fixed shape' : ''}`,
    `- **arguments** ${args || 'none'}`,
    `- **answers** ${result || 'nothing but the status'}`,
    `- **statuses** ok${signature.errors.map((status) => `, [${status}](statuses.md)`).join('')}`,
    `- **repeating it** ${signature.idempotent ? 'does no harm' : 'acts twice'}`,
    `- **after a crash** ${signature.afterCrash}`,
    '',
  ].join('\n')
}

export function signaturesReference(): string {
  const sections = Object.entries(groups).map(
    ([title, group]) => `## ${title}\n\n${Object.values(group).map(signatureSection).join('\n')}`,
  )
  return `${head('Calls')}\n${sections.join('\n')}`
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
