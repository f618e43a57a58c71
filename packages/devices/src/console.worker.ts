/** The console driver's thread. */
import { serveAlone } from '@katydid/actor'
import { consolePart } from './console/console-part.js'

await serveAlone(consolePart)
