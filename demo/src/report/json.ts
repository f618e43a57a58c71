/** Reports to programs: one JSON object a line, each with a `type`. Numbers are in bytes and milliseconds. */
import type { Events } from '../job/events.js'

const passingEveryMs = 250

export function reportJson(write: (text: string) => void, nowMs: () => number): Events {
  let shownAtMs = -Infinity
  const tell = (type: string, fields: object): void =>
    write(`${JSON.stringify({ type, ...fields })}\n`)
  const passing = (type: string, fields: () => object): void => {
    if (nowMs() - shownAtMs < passingEveryMs) return
    shownAtMs = nowMs()
    tell(type, fields())
  }
  return {
    begin: (options, folder) => tell('begin', { ...options, input: folder.path }),
    scanning: (fileCount) => passing('scanning', () => ({ fileCount })),
    corpus: ({ files, ...rest }, { isDefault }) =>
      tell('corpus', { ...rest, fileCount: files.length, isDefault }),
    progress: (now) => passing('progress', () => now),
    blow: (blow) => tell('blow', blow),
    recovered: (recovery) => tell('recovered', recovery),
    verifying: (readBytes, totalBytes) => passing('verifying', () => ({ readBytes, totalBytes })),
    summary: (totals, recoveries) => tell('summary', { ...totals, recoveries }),
    verified: (result) => tell('verified', { ...result, equal: true }),
    failed: (reasons) => tell('failed', { reasons }),
    stopped: (kept) => tell('stopped', { kept }),
    kept: (folder) => tell('kept', { folder }),
  }
}
