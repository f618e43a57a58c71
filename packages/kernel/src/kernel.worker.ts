/** The kernel's thread. */
import { serveAlone } from '@katydid/actor'
import { kernelPart } from './kernel-part.js'

await serveAlone(kernelPart)
