/** Where the threads' modules are. The only place that knows files of other rooms. */
import { fileURLToPath } from 'node:url'
import type { ManagerProgram } from '@katydid/abi'
import { moduleHash } from './module-hash.js'

export interface Workers {
  readonly kernel: URL
  readonly disk: URL
  readonly barrier: URL
  readonly console: URL
  /** Of a machine of several. */
  readonly network: URL
  /** Kernel, console and network driver on one thread. */
  readonly together: URL
  /** Runs one locus a task. */
  readonly locus: URL
  /** The manager that every world has from its start. */
  readonly defaultManager: ManagerProgram
  /** The file of a manager's module: one of Katydid's own, or a file URL. */
  manager(module: string): URL
}

const moduleOf = (specifier: string): URL => new URL(import.meta.resolve(specifier))

/** The file of a manager's module. */
export const managerFile = (module: string): URL =>
  module.startsWith('file:') ? new URL(module) : moduleOf(`@katydid/managers/${module}`)
const managerModule = 'self-managing/self-managing.worker.js'
/** Name of the manager that every world has. */
export const firstManagerName = 'self-managing'
/** Room for the manager's maps: 8 bytes for each page of every container it manages. */
const managerBytes = 192 * 1024 * 1024

/** The workers of this version of Katydid. */
export function ownWorkers(): Workers {
  return {
    kernel: moduleOf('@katydid/kernel/kernel.worker.js'),
    disk: moduleOf('@katydid/devices/disk.worker.js'),
    barrier: moduleOf('@katydid/devices/barrier.worker.js'),
    console: moduleOf('@katydid/devices/console.worker.js'),
    network: moduleOf('@katydid/devices/network.worker.js'),
    together: new URL('./together.worker.js', import.meta.url),
    locus: moduleOf('@katydid/locus/locus.worker.js'),
    defaultManager: {
      name: firstManagerName,
      module: managerModule,
      hash: moduleHash(fileURLToPath(managerFile(managerModule))),
      containerBytes: managerBytes,
      keepsRoot: true,
      options: null,
    },
    manager: managerFile,
  }
}
