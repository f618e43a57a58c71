/**
 * What the main job can be told, and one clear sentence for each thing it cannot.
 */
export interface Options {
  /** The folder to index; null: the installed dependencies. */
  readonly input: string | null
  readonly frames: number
  readonly loci: number
  readonly kills: number
  readonly machines: number
  readonly seed: number
  readonly json: boolean
  readonly keep: boolean
  readonly help: boolean
}

/** Something the person who typed can mend. Its message is one sentence; no stack is shown. */
export class UsageError extends Error {}

const numeric = {
  '--frames': { least: 32, most: 65536, default: 128, what: 'page frames of 4 KiB' },
  '--loci': { least: 1, most: 16, default: 2, what: 'loci' },
  '--machines': { least: 1, most: 16, default: 1, what: 'machines' },
  '--kills': { least: 0, most: 100, default: 2, what: 'kills' },
  '--seed': { least: 0, most: 0xffffffff, default: 0, what: 'the seed' },
} as const
type NumericName = keyof typeof numeric
const flags = ['--json', '--keep', '--help'] as const
const known = ['--input', ...Object.keys(numeric), ...flags]

/** So few on each of several machines that its part of the index is still many times as large. */
const framesOf = (machines: number): number =>
  machines === 1
    ? numeric['--frames'].default
    : Math.max(
        numeric['--frames'].least,
        Math.floor((1.5 * numeric['--frames'].default) / machines),
      )

export const usage = `npm start -- [options]
  --input DIR   index every text file under DIR (default: the installed dependencies)
  --machines N  machines of the world, each with a part of the index (default ${numeric['--machines'].default})
  --frames N    page frames each machine may use, of 4 KiB (default ${numeric['--frames'].default}; of several ${framesOf(3)} and the like)
  --loci N      loci that share the work (default ${numeric['--loci'].default}, or one on each machine)
  --kills N     how often the world's process is killed, or with several machines one of them (default ${numeric['--kills'].default})
  --seed N      what the moments of the kills are drawn from (default: drawn anew, and shown)
  --json        one JSON object a line
  --keep        leave the world's directory when done`

/** Reads the arguments. `freshSeed` is the seed where none is given. Throws a UsageError with one sentence. */
export function parseOptions(args: readonly string[], freshSeed: number): Options {
  const values = new Map<string, string>()
  const set = new Set<string>()
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    const [name = '', ...rest] = arg.split('=')
    const isFlag = (flags as readonly string[]).includes(name)
    if (!known.includes(name)) throw new UsageError(unknown(arg))
    if (set.has(name)) throw new UsageError(`${name} is given twice; give it once.`)
    set.add(name)
    if (isFlag && rest.length > 0)
      throw new UsageError(`${name} takes no value; write only ${name}.`)
    if (isFlag) continue
    const value = rest.length > 0 ? rest.join('=') : args[++at]
    const isMissing = value === undefined || value === '' || known.includes(value.split('=')[0]!)
    if (isMissing) throw new UsageError(`${name} needs a value: ${name} ${example(name)}.`)
    values.set(name, value)
  }
  const machines = readNumber('--machines', values)
  return {
    input: values.get('--input') ?? null,
    machines,
    frames: values.has('--frames') ? readNumber('--frames', values) : framesOf(machines),
    loci: values.has('--loci')
      ? readNumber('--loci', values)
      : Math.max(machines, numeric['--loci'].default),
    kills: readNumber('--kills', values),
    seed: values.has('--seed') ? readNumber('--seed', values) : freshSeed,
    json: set.has('--json'),
    keep: set.has('--keep'),
    help: set.has('--help'),
  }
}

function readNumber(name: NumericName, values: ReadonlyMap<string, string>): number {
  const { least, most, default: otherwise, what } = numeric[name]
  const text = values.get(name)
  if (text === undefined) return otherwise
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`${name} ${text}: ${what} must be a whole number from ${least} to ${most}.`)
}

function unknown(arg: string): string {
  return arg.startsWith('-')
    ? `There is no option ${arg}; there are ${known.join(', ')}.`
    : `${arg} is not an option; to index a folder, write --input ${arg}.`
}

function example(name: string): string {
  return name === '--input' ? 'some/folder' : String(numeric[name as NumericName].default)
}

/** What only the found files can tell. Throws a UsageError. */
export function checkAgainst(options: Options, fileCount: number): void {
  if (options.loci <= fileCount) return
  const files = fileCount === 1 ? 'is only 1 text file' : `are only ${fileCount} text files`
  throw new UsageError(
    `--loci ${options.loci}: there ${files}, and a locus needs at least one; give --loci ${fileCount}.`,
  )
}
