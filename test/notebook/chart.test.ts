/** Charts: the same numbers as a figure for plotly and as a picture. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chart, DISPLAY, type ChartSpec } from '../../src/notebook/index.js'
import { createScale, padded } from '../../src/plot/index.js'
import { numbers } from '../tensor/check.js'
import { countElements } from './fake-kernel.js'

const next = numbers(11)
const some = (count: number, scale = 1) => Array.from({ length: count }, () => next() * scale)
const up = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
const spec = (series: ChartSpec['series'], axes: Partial<ChartSpec> = {}): ChartSpec => ({
  title: 'Loss < 3 & "more"',
  x: { label: 'step' },
  y: { label: 'loss' },
  series,
  ...axes,
})

test('a chart has each series in both forms, and text', () => {
  for (const kind of ['line', 'marks', 'points', 'bars'] as const) {
    const y = some(7)
    const bundle = chart(
      spec([
        { name: 'a<b', kind, x: up(7), y },
        { name: 'c', x: [1, 2], y: [1, 2], faint: true },
      ]),
    )[DISPLAY]()
    const { data, layout } = bundle['application/vnd.plotly.v1+json'] as any
    assert.deepEqual([data[0].name, data[0].type, data.length], ['a&lt;b', kind === 'bars' ? 'bar' : 'scatter', 2])
    assert.equal(layout.title.text, 'Loss &lt; 3 &amp; "more"')
    data[0].y.forEach((value: number, i: number) => assert.ok(Math.abs(value - y[i]) <= 1e-4 * Math.abs(y[i])))
    const counts = countElements(bundle['image/svg+xml'] as string)
    if (kind === 'bars') assert.ok(counts.get('rect')! >= 7)
    if (kind === 'marks' || kind === 'points') assert.ok(counts.get('circle')! >= 7)
    assert.match(bundle['text/plain'], /^Loss.*a<b/)
  }
})

test('no numbers, one number, equal numbers and logarithms are drawn, too', () => {
  const log = { x: { label: 'x', kind: 'log' as const }, y: { label: 'y', kind: 'log' as const } }
  for (const axes of [{}, log])
    for (const y of [[], [3], [2, 2, 2], [1e-9, 1e12], [0, 1, 10], [0, 0]])
      countElements(
        chart(spec([{ name: 'a', kind: 'marks', x: up(y.length), y }], axes))[DISPLAY]()['image/svg+xml'] as string,
      )
})

test('a picture of many numbers stays small', () => {
  const bundle = chart(spec([{ name: 'a', x: up(20_000), y: some(20_000) }]))[DISPLAY]()
  assert.ok((bundle['image/svg+xml'] as string).length < 30_000)
})

test('places and ticks of scales', () => {
  for (let i = 0; i < 200; i++) {
    const kind = i % 2 === 0 ? 'linear' : 'log'
    const values = some(5, 10 ** Math.floor(next() * 12 - 4)).map((x) => x + 1e-9)
    const domain = padded(values, kind)
    const { at, ticks } = createScale({ kind, domain, range: [100, 20] })
    assert.ok(Math.abs(at(domain[0]) - 100) < 1e-6 && Math.abs(at(domain[1]) - 20) < 1e-6)
    for (const value of values) assert.ok(at(value) < 100 && at(value) > 20)
    for (const [n, tick] of ticks.entries()) {
      assert.ok(tick >= domain[0] && tick <= domain[1] * (1 + 1e-9), `${tick} outside of ${domain}`)
      if (n > 0) assert.ok(tick > ticks[n - 1])
    }
    if (kind === 'linear') assert.ok(ticks.length >= 2 && ticks.length <= 8, `${ticks}`)
  }
})

test('labels with markup and control characters stay text', () => {
  const label = '<b>x</b> <a href="https://example.com">y</a> \u0000\u001b[1m \ud800 \uffff &amp;'
  const bundle = chart(spec([{ name: label, kind: 'marks', x: up(2), y: some(2) }], { title: label }))[DISPLAY]()
  const { data, layout } = bundle['application/vnd.plotly.v1+json'] as any
  for (const text of [data[0].name, layout.title.text])
    assert.match(text, /^&lt;b&gt;x&lt;\/b&gt; &lt;a href=.*&amp;amp;$/)
  const svg = bundle['image/svg+xml'] as string
  countElements(svg)
  assert.doesNotMatch(svg, /[\u0000-\u0008\u000e-\u001f\uffff]|[\ud800-\udfff]/)
})
