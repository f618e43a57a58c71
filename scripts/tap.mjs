/**
 * Reads the TAP that AVA writes and retells it: files that pass in one line each, failures in full.
 *
 * Counts as failed whatever is not plainly passed. AVA writes a todo as `not ok … # TODO` and a skipped
 * test as `ok … # SKIP`; neither is a pass here, since an unfinished test proves nothing.
 */

const testLine = /^(not )?ok \d+ - (.*)$/

/** `write(text)` in any pieces, then `end()` for the counts. */
export function createTapReader({ print, verbose }) {
  const files = new Map()
  const failedTitles = []
  let passed = 0
  let rest = ''
  let isTellingFailure = false

  function line(text) {
    const found = testLine.exec(text)
    if (found) return testResult(found[1] !== undefined, found[2])
    if (/^(TAP version|1\.\.\d+$|# (tests|pass|fail|skip|todo)\b)/.test(text) || text === '') return
    if (isTellingFailure || verbose || !/^(#|    )/.test(text)) print(text)
  }

  function testResult(isNot, titleAndDirective) {
    const [title, directive] = titleAndDirective.split(/ # (?=TODO|SKIP)/)
    const isPassed = !isNot && directive === undefined
    isTellingFailure = !isPassed
    const file = title.includes(' › ') ? title.split(' › ')[0] : '(no file)'
    const counts = files.get(file) ?? { passed: 0, failed: 0 }
    files.set(file, counts)
    if (isPassed) {
      passed++
      counts.passed++
      if (verbose) print(`  ok ${title}`)
      return
    }
    counts.failed++
    failedTitles.push(directive === undefined ? title : `${title} (${directive}: finish it)`)
    print(`\nFAILED ${failedTitles.at(-1)}`)
  }

  return {
    write(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const each of lines) line(each)
    },
    end() {
      if (rest !== '') line(rest)
      return { passed, failed: failedTitles.length, failedTitles, files }
    },
  }
}
