/**
 * Loaded by the test runner before each file: properties draw the same values in every run, unless the run is told another seed (`KATYDID_SEED`), so that whoever
 * looks at a failure has the same one.
 */
import * as fc from 'fast-check'

const asked = Number(process.env['KATYDID_SEED'] ?? 2026)

fc.configureGlobal({ seed: asked })
