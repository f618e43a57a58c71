/** The far side of `post-message`: sends back what it is sent. */
import { parentPort } from 'node:worker_threads'

parentPort!.on('message', (block: Uint8Array) => {
  parentPort!.postMessage(block)
})
