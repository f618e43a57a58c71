/**
 * The house stands: every room builds and can be imported by its name.
 */
import test from 'ava'

const roomNames = [
  'abi',
  'actor',
  'memory',
  'kernel',
  'managers',
  'devices',
  'locus',
  'world',
  'cli',
]

test('[HO9] every room can be imported by its name', async (t) => {
  for (const room of roomNames) await t.notThrowsAsync(import(`@katydid/${room}`), room)

  await t.notThrowsAsync(import('katydid'), 'katydid')
})
