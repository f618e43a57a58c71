/** Reports to people: plain lines, or with a terminal one live line below them. */
import type { Events, Snapshot } from '../job/events.js'
import { bytes, counted, percent } from './format.js'
import { blowLine, corpusLines, progressLine, recoveryLine, summaryLines } from './sentences.js'

export interface Screen {
  readonly isTerminal: boolean
  /** Width in columns; looked at anew for each line. */
  columns(): number
  write(text: string): void
  nowMs(): number
}

const plainEveryMs = 1000
const liveEveryMs = 100
const eraseLine = '\r\u001b[2K'

export function reportLines(screen: Screen): Events {
  let shownAtMs = -Infinity
  let isLive = false

  const line = (text: string): void => {
    screen.write(`${isLive ? eraseLine : ''}${text}\n`)
    isLive = false
  }
  const passing = (text: () => string): void => {
    const nowMs = screen.nowMs()
    if (nowMs - shownAtMs < (screen.isTerminal ? liveEveryMs : plainEveryMs)) return
    shownAtMs = nowMs
    if (!screen.isTerminal) return line(text())
    screen.write(`${eraseLine}${text().slice(0, Math.max(20, screen.columns() - 1))}`)
    isLive = true
  }

  return {
    begin: ({ frames, loci, machines, kills, seed }, folder) =>
      line(
        `katydid: a word index of ${folder.isDefault ? 'the installed dependencies' : folder.path}, in ${frames} frames on ${machines === 1 ? '' : `each of ${machines} machines, on `}${loci === 1 ? '1 locus' : `${loci} loci`}, with ${counted(kills, 'kill')} (--seed ${seed})`,
      ),
    scanning: (fileCount) =>
      passing(() => `looking for text: ${counted(fileCount, 'file')} so far`),
    corpus: (corpus, folder) => corpusLines(corpus, folder).forEach(line),
    progress: (now: Snapshot) => passing(() => progressLine(now)),
    blow: (blow) => line(blowLine(blow)),
    recovered: (recovery) => line(recoveryLine(recovery)),
    verifying: (done, total) =>
      passing(() => `counting again in plain memory: ${percent(done, total)} of ${bytes(total)}`),
    summary: (totals, recoveries) => summaryLines(totals, recoveries).forEach(line),
    verified: ({ words, files }) => line(`verified: ${words} words, ${files} files, equal`),
    failed: (reasons) => reasons.forEach((reason) => line(`failed: ${reason}`)),
    stopped: (kept) =>
      line(kept === null ? 'stopped; nothing is left behind' : `stopped; the world is in ${kept}`),
    kept: (folder) => line(`kept: ${folder}`),
  }
}
