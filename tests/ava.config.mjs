/** Runs what was built. scripts/test.mjs chooses the files and the passes. */
export default {
  files: ['dist/**/*.test.js'],
  workerThreads: true,
  timeout: '3m',
  failWithoutAssertions: true,
}
