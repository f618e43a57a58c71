/** Runs one locus as the pool would, and says how it ended. */
import { parentPort, workerData } from 'node:worker_threads'
import run from '@katydid/locus/locus.worker.js'
import type { LocusTask } from '@katydid/locus'

parentPort!.postMessage({ outcome: run(workerData as LocusTask) })
