/** The thread of a locus, as a task of the pool: attaches to the region and runs one locus from its begin to its end. */
import { Region } from '@katydid/actor'
import { runLocus, type LocusOutcome, type LocusTask } from './session.js'

export default function run(task: LocusTask): LocusOutcome {
  return runLocus(new Region(task.region), task)
}
