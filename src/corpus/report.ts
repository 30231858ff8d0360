/** Counts kept up to date while texts are read, and what they say to a person. */
export interface ReadReport {
  /** Bytes read from the disk, before unpacking. */
  inputBytes: number
  /** U+FFFD put for what was not valid Unicode. */
  replaced: number
  /** Lines of JSON that were skipped on request, and what was wrong with the first of them. */
  linesSkipped: number
  readonly skipped: string[]
}

/** How many skipped lines are described. */
const described = 10

export function newReport(): ReadReport {
  return { inputBytes: 0, replaced: 0, linesSkipped: 0, skipped: [] }
}

export function noteSkippedLine(report: ReadReport, problem: string): void {
  report.linesSkipped++
  if (report.skipped.length < described) report.skipped.push(problem)
}

/** Lines for a person; none where no line was skipped. */
export function describeSkippedLines({
  linesSkipped,
  skipped,
}: {
  linesSkipped: number
  skipped: readonly string[]
}): string[] {
  if (linesSkipped === 0) return []
  const first = linesSkipped > skipped.length ? `, of which the first ${skipped.length}` : ''
  return [
    `skipped: ${linesSkipped.toLocaleString('en-US')} bad line${linesSkipped === 1 ? '' : 's'} of JSON${first}:`,
  ].concat(skipped.map((problem) => `  ${problem}`))
}
