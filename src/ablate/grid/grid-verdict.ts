import { fixed, plural } from '../../text/index.js'
import type { GridReport, GridRow } from './grid-report.js'
import { shownPoint } from './grid-spec.js'

/** Above it a task counts as solved. */
const SOLVED = 0.99

/** What the results say, in sentences: for each task and size who solved it, the order and gaps, and what publications say. */
export function gridVerdict(report: Pick<GridReport, 'summary' | 'seeds'>): string[] {
  const { summary, seeds } = report
  const groups = new Map<string, GridRow[]>()
  for (const row of summary) {
    const at = shownPoint(row.point)
    const key = `${row.task}${at && ` at ${at}`}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const lines = [...groups].flatMap(([key, rows]) => verdictOf(key, rows))
  return seeds.length > 1 ? lines : [...lines, 'With one seed the effect of chance is not known.']
}

function verdictOf(key: string, rows: readonly GridRow[]): string[] {
  const known = rows.filter((row) => row.accuracy !== null)
  if (known.length === 0) return []
  const sorted = known.toSorted((a, b) => meanOf(b) - meanOf(a))
  const solved = sorted.filter((row) => meanOf(row) >= SOLVED)
  const rest = sorted.filter((row) => !solved.includes(row))
  const who =
    solved.length === 0 ? 'nothing solves it' : `${namesOf(solved)} ${solved.length > 1 ? 'solve' : 'solves'} it`
  const behind = rest.map((row) => `${row.variant} ${shownAccuracy(row)}`)
  const unsolved = behind.length > 0 ? `; ${solved.length > 0 ? 'behind' : 'in order'}: ${behind.join(', ')}` : ''
  return [`${key}: ${who}${unsolved}.`, ...againstPublished(key, sorted)]
}

const meanOf = (row: GridRow) => row.accuracy!.mean
const namesOf = (rows: readonly GridRow[]) => rows.map(({ variant }) => variant).join(', ')

/** "0.412 ± 0.050". */
export function shownAccuracy({ accuracy, halfWidth }: GridRow): string {
  if (accuracy === null) return 'diverged'
  return `${fixed(accuracy.mean, 3)}${halfWidth === null ? '' : ` ± ${fixed(halfWidth, 3)}`}`
}

/** Pairs of variants whose order is published: do ours have the same one, and which gaps? */
function againstPublished(key: string, rows: readonly GridRow[]): string[] {
  const sources = [...new Set(rows.flatMap(({ published }) => published.map(({ source }) => source.split(',')[0])))]
  return sources.flatMap((source) => {
    const known = rows.flatMap((row) => {
      const theirs = row.published.find((each) => each.source.startsWith(source))
      return theirs ? [{ row, theirs: theirs.accuracy }] : []
    })
    const pairs = known.flatMap((a, i) => known.slice(i + 1).map((b) => [a, b] as const))
    if (pairs.length === 0) return []
    const gaps = pairs.map(([a, b]) => ({
      a,
      b,
      ours: meanOf(a.row) - meanOf(b.row),
      theirs: a.theirs - b.theirs,
      chance: Math.hypot(a.row.halfWidth ?? 0, b.row.halfWidth ?? 0),
    }))
    const against = gaps.filter(
      ({ ours, theirs, chance }) => Math.abs(ours) > Math.max(chance, 0.01) && ours * theirs < 0,
    )
    const widest = gaps.reduce((best, each) => (Math.abs(each.theirs) > Math.abs(best.theirs) ? each : best))
    const { a, b, ours, theirs, chance } = widest
    const order =
      against.length === 0
        ? `the order agrees with ${source}`
        : `the order disagrees with ${source} in ${against.length} of ${plural(gaps.length, 'pair')} (${against
            .map((gap) => `${gap.a.row.variant} above ${gap.b.row.variant}`)
            .join(', ')})`
    const gap = `gap of ${b.row.variant} to ${a.row.variant} ${fixed(ours, 2)} ± ${fixed(chance, 2)}, published ${fixed(theirs, 2)}`
    return [`${key}: ${order}; ${gap}.`]
  })
}
