/** Tables, tokens, attention maps and meshes as cells show them. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { coordinates, parsePlacement } from '../../src/mesh/index.js'
import { attentionMap, DISPLAY, meshDrawing, table, tokenText } from '../../src/notebook/index.js'
import { dim } from '../../src/tensor/index.js'
import { trainTokenizer } from '../../src/tokenizer/index.js'
import { someText } from '../cli/world.js'
import { countElements } from './fake-kernel.js'

test('a table of objects: columns in order, numbers to the right, whatever the cells hold', () => {
  const rows = [
    { name: 'a<b', loss: 1.23456, count: 12 },
    { name: null, loss: 0.00001, count: 3_000_000, more: true },
    { name: 'c', loss: 123456.7, count: NaN },
  ]
  const bundle = table(rows, { title: 'T & T' })[DISPLAY]()
  assert.equal(
    bundle['text/plain'],
    [
      'name     loss      count  more',
      'a<b     1.235         12',
      '      1.00e-5  3,000,000  true',
      'c     123,457        NaN',
    ].join('\n'),
  )
  const counts = countElements(bundle['text/html'] as string)
  assert.deepEqual([counts.get('tr'), counts.get('th'), counts.get('td')], [4, 4, 12])
  const short = table(
    Array.from({ length: 1234 }, (_, i) => ({ i })),
    { rows: 2 },
  )[DISPLAY]()
  assert.equal(short['text/plain'], 'i\n0\n1\n1,232 more rows')
  assert.equal(table([])[DISPLAY]()['text/plain'], '')
})

test('a frame of danfojs is a table, with the names of its rows', () => {
  const danfo = createRequire(import.meta.url)('danfojs-node')
  const frame = new danfo.DataFrame([
    { kind: 'a', loss: 1 },
    { kind: 'b', loss: 3 },
  ])
  assert.equal(table(frame)[DISPLAY]()['text/plain'], 'kind  loss\na        1\nb        3')
  assert.match(table(frame.describe())[DISPLAY]()['text/plain'], /^ +loss\ncount +2\nmean +2\n/)
})

test('a text in tokens is the whole text, characters of several tokens and what looks like HTML too', async () => {
  const tokenizer = await trainTokenizer({ texts: [someText(50)], vocabSize: 300 })
  const text = 'the <b>union</b> & 日本\n  naïve 🚀'
  const bundle = tokenText(tokenizer, text)[DISPLAY]()
  assert.equal(bundle['text/plain'], text)
  const html = bundle['text/html'] as string
  const ids = tokenizer.encode(text)
  assert.equal(countElements(html).get('span'), ids.length)
  const inside = [...html.matchAll(/<span[^>]*>([^<]*)<\/span>/g)].map(([, piece]) => piece).join('')
  const plain = inside.replaceAll('⏎', '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  assert.equal(plain, text)
  const valued = tokenText(tokenizer, ids, { values: [...ids].map((_, i) => i), unit: 'nats' })[DISPLAY]()
  assert.match(valued['text/html'] as string, new RegExp(`title="${ids[1]}: 1.000 nats"`))
})

test('an attention map has a place for each pair', () => {
  const labels = ['The', ' <law>', '\n']
  const bundle = attentionMap({ title: 'head 0', weights: [1, 0, 0, 0.5, 0.5, 0, 0.2, 0.3, 0.5], labels })[DISPLAY]()
  const { data } = bundle['application/vnd.plotly.v1+json'] as any
  assert.deepEqual(data[0].z, [
    [1, null, null],
    [0.5, 0.5, null],
    [0.2, 0.3, 0.5],
  ])
  const svg = bundle['image/svg+xml'] as string
  countElements(svg)
  assert.equal([...svg.matchAll(/M\d+ \d+h/g)].length, 6)
})

test('a mesh drawing puts every device on one part of each tensor, those of equal place on the same', () => {
  const dims = [dim('batch', 8), dim('heads', 4), dim('sequence', 6)]
  for (const [mesh, layout] of [
    ['x:4,y:2', 'batch:x,heads:y'],
    ['x:4,y:2', 'heads:x'],
    ['x:2,y:2,z:2', 'batch:x,heads:y,sequence:z'],
    ['x:8', 'batch:x'],
    ['x:4', ''],
  ]) {
    const placement = parsePlacement(mesh, layout)
    const bundle = meshDrawing(placement, [{ name: 'q', dims }])[DISPLAY]()
    const svg = bundle['image/svg+xml'] as string
    countElements(svg)
    const drawn = svg.slice(svg.indexOf('<g '))
    const parts = [...drawn.matchAll(/<text[^>]*text-anchor="middle"[^>]*>([\d,-]+)<\/text>/g)].map(([, text]) =>
      devicesIn(text),
    )
    const all = parts.flat().sort((a, b) => a - b)
    assert.deepEqual(all, [...Array(placement.mesh.size).keys()], `${mesh} ${layout}`)
    const splits = placement.mesh.axes.map(({ name }) => [...placement.layout.values()].includes(name))
    for (const devices of parts) {
      const places = devices.map((device) =>
        coordinates(placement.mesh, device)
          .filter((_, i) => splits[i])
          .join(),
      )
      assert.equal(new Set(places).size, 1, `${mesh} ${layout}: ${devices}`)
    }
  }
})

function devicesIn(text: string): number[] {
  const [from, to] = text.split('-').map(Number)
  if (text.includes('-')) return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  return text.split(',').map(Number)
}
