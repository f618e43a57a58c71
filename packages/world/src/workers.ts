/** Where the threads' modules are. The only place that knows files of other rooms. */

export interface Workers {
  readonly kernel: URL
  readonly disk: URL
  readonly barrier: URL
  /** Runs one locus a task. */
  readonly locus: URL
  /** The module of the manager that the kernel calls `name`. */
  manager(name: string): URL
}

const moduleOf = (specifier: string): URL => new URL(import.meta.resolve(specifier))

/** The workers of this version of Katydid. */
export function ownWorkers(): Workers {
  return {
    kernel: moduleOf('@katydid/kernel/kernel.worker.js'),
    disk: moduleOf('@katydid/devices/disk.worker.js'),
    barrier: moduleOf('@katydid/devices/barrier.worker.js'),
    locus: moduleOf('@katydid/locus/locus.worker.js'),
    manager: (name) => moduleOf(`@katydid/managers/${name}`),
  }
}
