/**
 * What the pool loads: CommonJS, because the pool requires its file, and a worker that is terminated inside a synchronous
 * load of an ES module takes the whole process down. The module of the locus is then imported, which may be ended at any time.
 */
interface PoolTask {
  readonly module: string
}

module.exports = async function run(task: PoolTask): Promise<unknown> {
  const loaded = (await import(task.module)) as { readonly default: (task: PoolTask) => unknown }
  return loaded.default(task)
}
