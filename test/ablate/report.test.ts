import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  figuresOf,
  htmlOf,
  markdownOf,
  parseAblation,
  readReport,
  summaryTable,
  writeReport,
  type AblationReport,
  type CostPoint,
  type RunResult,
} from '../../src/ablate/index.js'
import { summaryNotes } from '../../src/ablate/document.js'
import { reportOf } from '../../src/ablate/report.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { SPEC } from './support.js'

const MACHINE = 'engine; 2 cores of some processor'

/** Numbers that look like an ablation's, the same in every run. */
async function someReport(without: readonly string[] = []): Promise<AblationReport> {
  let state = 7
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647
  const spec = await parseAblation(SPEC, { name: 'some_report' })
  const runOf = (seed: number): RunResult => ({
    seed,
    evaluations: [2, 4, 6].map((step) => {
      const loss = 5 - step / 3 + next() / 2
      return { step, tokens: step * 32, seconds: step * (0.1 + next() / 100), loss, bitsPerByte: loss / 2.5 }
    }),
    diverged: null,
    tokensPerSecond: 10_000 + 9000 * next(),
    seconds: 7 + next(),
    cpuSeconds: 13 + next(),
    prepareSeconds: next(),
    stepMemory: 12_345_678,
    parameters: 1000,
    machine: MACHINE,
  })
  const runs = new Map(
    spec.variants.map(({ name }) => [
      name,
      spec.seeds.filter((seed) => !without.includes(`${name} ${seed}`)).map((seed) => runOf(seed)),
    ]),
  )
  const points = spec.costs!.lengths.flatMap((length) =>
    spec.costs!.attention.map((attention): CostPoint => {
      const seconds = [next(), next()]
      const microsecondsPerToken = ((seconds[0] + seconds[1]) / 2 / 32) * 1e6
      const rest = { flopsPerToken: 5, stepMemory: null, machine: MACHINE }
      return {
        attention,
        length,
        batch: 32 / length,
        seconds,
        cpuSeconds: [next(), next()],
        microsecondsPerToken,
        ...rest,
      }
    }),
  )
  const machine = {
    engine: 'engine',
    platform: 'cpu',
    cpu: 'some processor',
    cores: 2,
    memory: 2 ** 34,
    os: 'os',
    node: '20',
    neomesh: '0',
  }
  const data = { trainingSequences: 90, validationSequences: 40, tokenizer: null, bytesPerToken: 2.5 }
  return reportOf({ spec, machine, data, runs, points })
}

/** Cells of the first table of a Markdown text whose head begins with this. */
function tableOf(markdown: string, head: string): string[][] {
  const lines = markdown.split('\n')
  const first = lines.findIndex((line) => line.startsWith(`| ${head} |`))
  const rest = lines.slice(first)
  const rows = rest.slice(0, rest.indexOf(''))
  return rows.filter((_, i) => i !== 1).map((line) => line.slice(2, -2).replaceAll('\\', '').split(' | '))
}

const plain = (html: string) =>
  html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

test('report.json alone gives the Markdown, the HTML and the pictures', async (t) => {
  const folder = temporaryFolder(t)
  await writeReport(folder, await someReport())
  const report = await readReport(join(folder, 'report.json'))
  const file = (name: string) => readFileSync(join(folder, name), 'utf8')
  assert.equal(file('report.md'), markdownOf(report))
  assert.equal(file('report.html'), htmlOf(report))
  const figures = figuresOf(report)
  assert.deepEqual(
    figures.map(({ name }) => name),
    ['loss-by-variant', 'loss-against-tokens', 'loss-against-time', 'cost-against-length'],
  )
  for (const { name, svg } of figures) {
    assert.equal(file(`${name}.svg`), `${svg}\n`)
    assert.ok(file('report.html').includes(svg))
    assert.ok(file('report.md').includes(`](${name}.svg)`))
  }
})

test('the figures of the tables are what the runs in report.json make', async () => {
  const report = JSON.parse(JSON.stringify(await someReport())) as AblationReport
  const markdown = markdownOf(report)
  const [, ...rows] = tableOf(markdown, 'variant')
  const last = (run: RunResult) => run.evaluations[run.evaluations.length - 1]
  const average = (values: number[]) => values.reduce((a, b) => a + b) / values.length
  // Of two numbers the deviation is their distance over the root of 2.
  const spread = ([a, b]: number[], show: (x: number) => string) =>
    `${show((a + b) / 2)} ± ${show(Math.abs(a - b) / Math.SQRT2)}`
  const losses = report.variants.map(({ runs }) => runs.map((run) => last(run).loss))
  // With two seeds and three variants: a value's residual is half of its row's difference beyond the median one.
  const apart = losses.map(([a, b]) => a - b)
  const variances = apart.map((each) => ((each - apart.toSorted((a, b) => a - b)[1]) ** 2 * 3) / 4)
  const typical = variances.toSorted((a, b) => a - b)[1] / (7 / 9) ** 3
  const drawn = variances.map((variance) => (typical / 3 + variance) / (4 / 3))
  const quantile = 12.706 + (4.303 - 12.706) / 3
  const limits = drawn.map((variance) => quantile * Math.sqrt((variance + drawn[0]) / 2))
  for (const [i, { name, parameters, runs }] of report.variants.entries()) {
    const difference = average(losses[i]) - average(losses[0])
    const interval = `${Math.abs(difference).toFixed(3)} ± ${limits[i].toFixed(3)}`
    const chance = Math.abs(difference) < limits[i] ? ' (chance?)' : ''
    const expected = [
      name,
      parameters.toLocaleString('en-US'),
      '12 MB',
      spread(
        runs.map(({ tokensPerSecond }) => tokensPerSecond),
        (x) => Math.round(x).toLocaleString('en-US'),
      ),
      spread(losses[i], (x) => x.toFixed(3)),
      spread(
        runs.map((run) => last(run).bitsPerByte!),
        (x) => x.toFixed(3),
      ),
      i === 0 ? '' : `${difference < 0 ? '−' : '+'}${interval}${chance}`,
    ]
    assert.deepEqual(
      rows[i].filter((_, column) => column !== 2).map((cell) => cell.trim()),
      expected,
    )
  }
  const [best] = report.summary.toSorted((a, b) => a.validationLoss!.mean - b.validationLoss!.mean)
  assert.ok(markdown.includes(`${best.variant} has the lowest loss, `))

  const [, ...costs] = tableOf(markdown, 'attention')
  for (const [kind, ...cells] of costs) {
    const [low, high] = report.costs!.points.filter(({ attention }) => attention === kind)
    const micro = [low, high].map(({ seconds }) => (average([...seconds]) / 32) * 1e6)
    const processor = [low, high].map(({ cpuSeconds }) => average([...cpuSeconds]))
    const growth = [micro, processor].map(([from, to]) => `${(to / from).toFixed(2)} x`)
    assert.deepEqual(cells, [...micro.map((each) => each.toFixed(1)), ...growth])
  }

  const cells = [...htmlOf(report).matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, cell]) => plain(cell))
  for (const cell of [...rows, ...costs].flat()) assert.ok(cells.includes(cell.trim()), cell)
})

test('curves are means over the seeds', async () => {
  const report = await someReport()
  const { svg } = figuresOf(report).find(({ name }) => name === 'loss-against-tokens')!
  const titles = [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text)
  const expected = report.variants.flatMap(({ name, runs: [a, b] }) =>
    a.evaluations.map(
      ({ tokens, loss }, i) => `${name}: ${((loss + b.evaluations[i].loss) / 2).toFixed(2)} at ${tokens}`,
    ),
  )
  assert.deepEqual(titles, expected)
})

test('what is there so far makes a report, too: some runs, one seed, none', async () => {
  const partial = await someReport(['experts 1', 'experts 2', 'local-16 2'])
  assert.ok(!partial.complete)
  assert.deepEqual(
    partial.summary.map(({ variant, seeds }) => `${variant} ${seeds}`),
    ['global 2', 'local-16 1'],
  )
  assert.equal(partial.noise, null)
  assert.match(markdownOf(partial), /This ablation has not finished/)
  assert.equal(figuresOf(partial).length, 4)
  const none = await someReport(['global', 'local-16', 'experts'].flatMap((name) => [`${name} 1`, `${name} 2`]))
  assert.deepEqual(
    figuresOf(none).map(({ name }) => name),
    ['cost-against-length'],
  )
  assert.doesNotMatch(markdownOf(none) + htmlOf(partial), /NaN|undefined/)
})

/** The sentences under the summary, of final losses by variant and seed (null: diverged; absent: not ended). */
async function comparisonOf(losses: Record<string, readonly (number | null | undefined)[]>, seeds: readonly number[]) {
  const names = Object.keys(losses)
  const variants = Object.fromEntries(names.map((name, i) => [name, { n_embd: 8 * (i + 1) }]))
  const spec = await parseAblation({ ...SPEC, variants, seeds, costs: undefined })
  const some = await someReport()
  const [run] = some.variants[0].runs
  const runs = new Map(
    names.map((name) => [
      name,
      seeds.flatMap((seed, i): RunResult[] => {
        const loss = losses[name][i]
        if (loss === undefined) return []
        const evaluation = { ...run.evaluations[0], loss: loss ?? 9 }
        return [
          { ...run, seed, evaluations: [evaluation], diverged: loss === null ? 'step 3: the loss is infinite' : null },
        ]
      }),
    ]),
  )
  const report = reportOf({ spec, machine: some.machine, data: some.data, runs, points: [] })
  const [, ...rows] = summaryTable(report)
  return { notes: summaryNotes(report).slice(1).join(' '), cells: rows.map((row) => row.at(-1)), report }
}

test('a variant that diverged with a seed is not compared, however low its other losses', async () => {
  const { notes, cells } = await comparisonOf({ a: [3.0, 3.4], b: [3.05, 3.38], c: [2.99, null] }, [1, 2])
  assert.match(
    notes,
    /Of the 2 variants that are compared, a has the lowest loss, but b may be as good by these seeds\./,
  )
  assert.match(notes, /Not compared, as they have not finished every seed: c\./)
  assert.doesNotMatch(notes, /by more than chance/)
  assert.match(cells[2]!, /not compared/)
  // The same before its second run.
  const interim = await comparisonOf({ a: [3.0, 3.4], b: [3.05, 3.38], c: [2.99] }, [1, 2])
  assert.match(interim.notes, /Not compared, as they have not finished every seed: c\./)
  assert.doesNotMatch(interim.notes, /by more than chance/)
})

test('variants are ranked over the seeds that all have finished', async () => {
  // With the third seed, which c has not, a is the lowest of all.
  const { notes, cells } = await comparisonOf({ a: [3.0, 3.001, 2], b: [3.4, 3.402, 2.4], c: [2.5, 2.501] }, [1, 2, 3])
  assert.match(notes, /compared over the seeds 1, 2, which all of them have finished/)
  assert.match(notes, /c has the lowest loss, below all others by more than chance\./)
  assert.match(cells[1]!, /^\+0\.40[01] ± /)
})

test('where nothing can be compared, nothing is claimed', async () => {
  const diverged = await comparisonOf({ a: [null, null], b: [null, null] }, [1, 2])
  assert.equal(diverged.notes, 'No variants are compared: fewer than two have finished the same two seeds.')
  const oneLeft = await comparisonOf({ a: [3, 3.1], b: [null, null] }, [1, 2])
  assert.equal(oneLeft.notes, 'No variants are compared: fewer than two have finished the same two seeds.')
  assert.equal((await comparisonOf({ a: [3, 3.1] }, [1, 2])).notes, '')
  assert.equal((await comparisonOf({ a: [3], b: [3.1] }, [1])).notes, '')
  for (const { report } of [diverged, oneLeft])
    assert.doesNotMatch(markdownOf(report) + htmlOf(report), /NaN|undefined/)
})

test('of two variants the interval is that of the paired t test', async () => {
  const a = [3.0, 3.1, 3.2, 3.05, 3.15]
  const b = [3.2, 3.25, 3.5, 3.2, 3.4]
  const { cells } = await comparisonOf({ a, b }, [1, 2, 3, 4, 5])
  // Differences 0.2, 0.15, 0.3, 0.15, 0.25: mean 0.21, deviation 0.0652; t of 4 degrees of freedom is 2.776.
  assert.equal(cells[1], '+0.210 ± 0.081')
})

test('equal losses are not ranked', async () => {
  const { notes, cells } = await comparisonOf({ a: [3, 3.1], b: [3, 3.1] }, [1, 2])
  assert.match(notes, /a has the lowest loss, but b may be as good by these seeds\./)
  assert.match(cells[1]!, /chance\?/)
})

test('the page needs nothing else: no script, no address but the name of SVG', async () => {
  const html = htmlOf(await someReport())
  assert.doesNotMatch(html, /<script|<link|src=|@import|url\(/)
  const addresses = [...html.matchAll(/https?:[^"' ]*/g)].map(([address]) => address)
  assert.deepEqual([...new Set(addresses)], ['http://www.w3.org/2000/svg'])
})

test('names and keys do not become markup', async () => {
  const markdown = markdownOf(await someReport())
  assert.match(markdown, /^# Ablation: some\\_report\n/)
  assert.match(markdown, /\| local-16 \| attention\\_types: \\\[\\\[\\\["local"\\\],1\\\]\\\] \|/)
})

test('a file that is not a report is rejected', async (t) => {
  const path = join(temporaryFolder(t), 'report.json')
  writeFileSync(path, '{"format": "other"}')
  await assert.rejects(readReport(path), { message: `${path} is not a report of \`neomesh ablate\`` })
})
