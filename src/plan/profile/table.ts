import { percent, textTable } from '../../text/index.js'
import type { Profile, ProfiledOperation } from './profile.js'

/**
 * A profile as text: the slowest operations one per row, the rest together; then the sums by kind.
 * @param limit rows of operations
 */
export function profileTable(profile: Profile, limit = 30): string {
  const { operations, whole, sum, peaks, omitted, program } = profile
  const shown = operations.slice(0, limit)
  const rest = operations.slice(limit)
  const rows = shown.map((each) => row(each, each.kind, each.line, each.result, String(each.times)))
  if (rest.length > 0)
    rows.push(row(total(rest), `${rest.length} others`, '', '', String(rest.reduce((n, { times }) => n + times, 0))))
  const kinds = [...new Set(operations.map(({ kind }) => kind))].map((kind) => {
    const of = operations.filter((each) => each.kind === kind)
    return row(total(of), kind, '', '', String(of.reduce((n, { times }) => n + times, 0)))
  })
  kinds.sort((a, b) => Number.parseFloat(b[4]) - Number.parseFloat(a[4]))
  const giga = (perMs: number) => (perMs / 1e6).toFixed(0)
  return [
    textTable([HEAD, ...rows]),
    '',
    textTable([HEAD, ...kinds]),
    '',
    `${program}: ${ms(whole.processor)} ms of processor time, ${ms(whole.wall)} ms elapsed; its operations, each alone: ` +
      `${ms(sum.processor)} ms (${percent(sum.processor / whole.processor)}).`,
    `Roofline, per second of processor time: ${giga(peaks.f32)} GFLOP in f32 products, ${giga(peaks.bf16)} in bf16, ${giga(peaks.bytes)} GB.`,
    ...(omitted.length > 0 ? [`Not measured: ${omitted.length} operations (${omitted.slice(0, 5).join(', ')}).`] : []),
  ].join('\n')
}

const HEAD = ['kind', 'line', 'result', 'times', 'share', 'ms', 'GFLOP', 'MB', 'roofline']

type Sums = Pick<ProfiledOperation, 'time' | 'share' | 'flops' | 'bytes' | 'roofline'>

function row({ time, share, flops, bytes, roofline }: Sums, kind: string, line: string, result: string, times: string) {
  return [
    kind,
    line,
    result,
    times,
    percent(share),
    ms(time.processor),
    (flops / 1e9).toFixed(2),
    (bytes / 1e6).toFixed(1),
    percent(roofline),
  ]
}

function total(of: readonly ProfiledOperation[]): Sums {
  const sum = (value: (each: ProfiledOperation) => number) => of.reduce((all, each) => all + value(each), 0)
  const processor = sum(({ time }) => time.processor)
  return {
    time: { processor, wall: sum(({ time }) => time.wall) },
    share: sum(({ share }) => share),
    flops: sum(({ flops }) => flops),
    bytes: sum(({ bytes }) => bytes),
    roofline: processor > 0 ? sum(({ roofline, time }) => roofline * time.processor) / processor : 0,
  }
}

const ms = (x: number) => x.toFixed(x < 10 ? 2 : 0)
