/**
 * The program of the main job: a word -> (count, list of files) index in one container, or one on each of several machines, filled by several loci at once.
 *
 * It promises that each file counts once, whatever happens to the process: what is in the container and where its
 * registers say it stands belong to one snapshot. It keeps nothing else that matters; its private counts are made
 * anew. Files are read and taken apart `outside`, where the locus holds nobody up.
 */
import { Heap, SharedMap, type Locus } from '@katydid/locus'
import { exportTo } from './export.js'
import { Indexer } from './indexer.js'
import { mergeWords } from './postings.js'
import type { ExportTask, IndexTask, MergeTask } from './tasks.js'
import { ToldWords } from './told-words.js'

export default function wordIndex(locus: Locus): unknown {
  const task = locus.argument<IndexTask | ExportTask | MergeTask>()
  // Several loci may come here at once and first: the heap and the map are made by one of them, under a lock in the
  // container, and found by the others.
  const map = SharedMap.open(Heap.open(locus, locus.window()))
  if (task.task === 'export') return exportTo(locus, map, task.to)
  if (task.task === 'merge') {
    const words = new ToldWords(task.words)
    mergeWords(map, words, 0, words.length)
    return null
  }
  new Indexer(locus, map, task).run()
  return null
}
