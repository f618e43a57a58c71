/** Runs what was built. scripts/test.mjs chooses the files and the passes. */
export default {
  require: ['./dist/support/fixed-seed.js'],
  files: ['dist/**/*.test.js'],
  workerThreads: true,
  timeout: '10m',
  failWithoutAssertions: true,
}
