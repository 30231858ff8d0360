import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dotChart } from '../../src/plot/dot-chart.js'
import { lineChart } from '../../src/plot/line-chart.js'
import { styleOf } from '../../src/plot/style.js'

/** Elements of an SVG by name, their attributes and text; throws for tags that do not match. */
function parse(svg: string) {
  const open: string[] = []
  const elements: { name: string; attributes: Record<string, string>; text: string }[] = []
  for (const [, closing, name, attributes, single, text] of svg.matchAll(/<(\/?)([a-z]+)([^>]*?)(\/?)>([^<]*)/g)) {
    if (closing) assert.equal(open.pop(), name)
    else {
      const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])
      elements.push({ name, attributes: Object.fromEntries(pairs), text })
      if (!single) open.push(name)
    }
  }
  assert.deepEqual(open, [])
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
  return elements
}

const axes = {
  x: { label: 'tokens', kind: 'linear', format: String },
  y: { label: 'loss <nats>', kind: 'linear', format: (x: number) => x.toFixed(2) },
} as const

test('a line chart has a line, a mark at each point, a band and a row in the legend for each series', () => {
  const series = ['a', 'b & c'].map((name, i) => ({
    name,
    style: styleOf(i),
    points: [1, 2, 3].map((x) => ({ x, y: 4 - i + x / 10, low: 4 - i, high: 4 - i + x / 5 })),
  }))
  const svg = lineChart({ title: 'Loss', ...axes, series })
  const elements = parse(svg)
  const text = elements.filter(({ name }) => name === 'text').map((each) => each.text)
  for (const wanted of ['Loss', 'tokens', 'loss &lt;nats&gt;', 'a', 'b &amp; c'])
    assert.ok(text.includes(wanted), wanted)
  const titles = elements.filter(({ name }) => name === 'title').map((each) => each.text)
  assert.deepEqual(titles.slice(0, 3), ['a: 4.10 at 1', 'a: 4.20 at 2', 'a: 4.30 at 3'])
  assert.equal(elements.filter(({ attributes }) => attributes.opacity === '0.18').length, 2)
})

test('lines that end at one place have legends that do not cover each other, within the picture', () => {
  const series = Array.from({ length: 12 }, (_, i) => ({
    name: `series ${i}`,
    style: styleOf(i),
    points: [
      { x: 0, y: i },
      { x: 1, y: i < 11 ? 0 : 5 },
    ],
  }))
  const rows = parse(lineChart({ title: 'Crowd', ...axes, series })).filter(({ text }) => text.startsWith('series'))
  const heights = rows.filter(({ name }) => name === 'text').map(({ attributes }) => Number(attributes.y))
  assert.equal(heights.length, 12)
  const sorted = heights.toSorted((a, b) => a - b)
  assert.ok(
    sorted.every((y, i) => i === 0 || y - sorted[i - 1] > 14),
    String(sorted),
  )
  assert.ok(sorted[0] > 40 && sorted[11] < 400)
})

test('styles differ in colour and dashes for more series than there are colours', () => {
  const styles = Array.from({ length: 20 }, (_, i) => styleOf(i)).map(({ colour, dash }) => `${colour} ${dash}`)
  assert.equal(new Set(styles).size, 20)
})

test('a dot chart has a row for each name, with its seeds, its mean and its bar', () => {
  const row = { style: styleOf(0), values: [1, 2].map((value) => ({ value, tooltip: `seed ${value}` })), mean: 1.5 }
  const rows = [
    { name: 'spread', deviation: 0.7, ...row },
    { name: 'alone', deviation: null, ...row },
  ]
  const svg = dotChart({ title: 'Loss', label: 'nats', format: (x) => x.toFixed(1), rows })
  const titles = parse(svg).filter(({ name }) => name === 'title')
  assert.deepEqual(
    titles.map(({ text }) => text),
    ['spread: 1.5 ± 0.7', 'seed 1', 'seed 2', 'alone: 1.5', 'seed 1', 'seed 2'],
  )
})
