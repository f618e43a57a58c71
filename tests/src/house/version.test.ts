/** The wire and the layouts cannot change quietly: their hash stands here beside the version. */
import { abiText, abiVersion } from '@katydid/abi'
import test from 'ava'
import { createHash } from 'node:crypto'

const known = { version: 1, hash: '26adeeadf3831471' }

test('[HO19] a change of a signature, layout or status does not go unnoticed', (t) => {
  const hash = createHash('sha256').update(abiText()).digest('hex').slice(0, 16)

  t.is(abiVersion, known.version)
  t.is(
    hash,
    known.hash,
    'The ABI changed. Put the new hash here; if this version was released, raise abiVersion in packages/abi/src/version.ts and put that here as well.',
  )
})
