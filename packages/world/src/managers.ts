/** The managers a host names when it opens a world: which module each is, what it is given, and how it is chosen. */
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { maxManagers, type ManagerProgram } from '@katydid/abi'
import { KatydidError, systemWords } from './error.js'
import { moduleHash } from './module-hash.js'
import { firstManagerName, managerFile } from './workers.js'

/** A manager besides the one that every world has. */
export interface ManagerOption {
  /** By which containers choose it; keeps its containers from one opening to the next. */
  readonly name: string
  /** Its worker module, as a path or file URL; default: Katydid's own of that name (`demand-zero`, `proxy`, `sharing`, `transactional`, `logging`, `deterministic`). */
  readonly module?: string | URL
  /** What its module takes as options. */
  readonly options?: unknown
  /** Size in bytes of the container it lives in; default 1 MiB, of the last four 64 MiB. */
  readonly containerBytes?: number
  /** Whether it keeps a root page, so that nothing of its containers is recoverable before that is stable; default false, of the last four true. */
  readonly keepsRoot?: boolean
}

interface OwnModule {
  readonly file: string
  readonly containerBytes: number
  readonly keepsRoot: boolean
  readonly options?: object
}

/** One that is as the first of every world, but for its containers' quality of service. */
const selfManaging = (name: string): OwnModule => ({
  file: `${name}/${name}.worker.js`,
  containerBytes: 64 * 1024 ** 2,
  keepsRoot: true,
})

const ownModules: Readonly<Record<string, OwnModule>> = {
  'demand-zero': {
    file: 'demand-zero/demand-zero.worker.js',
    containerBytes: 1024 ** 2,
    keepsRoot: false,
  },
  proxy: { file: 'proxy/proxy.worker.js', containerBytes: 1024 ** 2, keepsRoot: false },
  sharing: {
    ...selfManaging('self-managing'),
    options: { invokedElsewhere: 'local_support' },
  },
  transactional: selfManaging('transactional'),
  logging: selfManaging('logging'),
  deterministic: selfManaging('deterministic'),
}
const defaultContainerBytes = 1024 ** 2

/** What the kernel is told of the managers. Throws a `KatydidError` that says what does not make sense. */
export function managerPrograms(options: readonly ManagerOption[]): ManagerProgram[] {
  const names = new Set([firstManagerName])
  for (const { name } of options) {
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
      throw bad(`A manager needs a name of letters, digits, - and _, not ${JSON.stringify(name)}.`)
    if (names.has(name)) throw bad(`The world has two managers by the name ${name}.`)
    names.add(name)
  }
  if (names.size > maxManagers)
    throw bad(`A machine has at most ${maxManagers} managers, the first among them.`)
  return options.map(programOf)
}

function programOf(option: ManagerOption): ManagerProgram {
  const { name } = option
  const module = moduleOf(option)
  const own = option.module === undefined ? ownModules[name] : undefined
  let hash: string
  try {
    hash = moduleHash(fileURLToPath(managerFile(module)))
  } catch (error) {
    throw bad(`The module of manager ${name} cannot be read: ${systemWords(error)}.`)
  }
  return {
    name,
    module,
    hash,
    containerBytes: option.containerBytes ?? own?.containerBytes ?? defaultContainerBytes,
    keepsRoot: option.keepsRoot ?? own?.keepsRoot ?? false,
    options: plainOptions({ ...option, options: withOwn(option.options, own) }),
  }
}

/** What it has of its own, where nothing else is said. */
const withOwn = (options: unknown, own: OwnModule | undefined): unknown =>
  own?.options === undefined || (options !== undefined && typeof options !== 'object')
    ? options
    : { ...own.options, ...options }

/** As data, since the world keeps them: what cannot be written down is refused. */
function plainOptions({ name, options }: ManagerOption): unknown {
  if (options === undefined || options === null) return null
  let text: string | undefined
  try {
    text = JSON.stringify(options)
  } catch {
    // said below
  }
  if (text === undefined || typeof options !== 'object')
    throw bad(`The options of manager ${name} must be an object of plain data.`)
  return JSON.parse(text) as unknown
}

function moduleOf({ name, module }: ManagerOption): string {
  if (module instanceof URL) return module.href
  if (module !== undefined)
    return module.startsWith('file:') ? module : pathToFileURL(path.resolve(module)).href
  const own = ownModules[name]
  if (own === undefined)
    throw bad(
      `Katydid has no manager ${name} of its own, only ${Object.keys(ownModules).join(', ')}: name its module.`,
    )
  return own.file
}

const bad = (sentence: string): KatydidError => new KatydidError('bad_argument', sentence)
