/** Plans as text and in a cell, on those that docs/plans has recorded. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readModelConfig } from '../../src/config/index.js'
import { DISPLAY, planTable } from '../../src/notebook/index.js'
import { describePlan } from '../../src/notebook/plan-table.js'
import { cpuDevices, plan, type Plan } from '../../src/plan/index.js'
import { countElements } from './fake-kernel.js'

const folder = fileURLToPath(new URL('../../../docs/plans/', import.meta.url))
const names = readdirSync(folder).flatMap((file) => /^(.*)\.plan\.json$/.exec(file)?.[1] ?? [])
const read = (name: string): Plan => JSON.parse(readFileSync(`${folder}${name}.plan.json`, 'utf8'))

test('what docs/plans shows of a plan is what the command says of it', () => {
  assert.ok(names.length > 0)
  for (const name of names) {
    const [, ...shown] = readFileSync(`${folder}${name}.txt`, 'utf8').split('\n\n')
    assert.equal(describePlan(read(name), `${name}.json`), shown.join('\n\n'))
  }
})

test('in a cell it has the same words and figures, as tables', () => {
  for (const name of names) {
    const recorded = read(name)
    const bundle = planTable(recorded, name)[DISPLAY]()
    const html = bundle['text/html'] as string
    const { hardware } = recorded
    const counted = countElements(html.replaceAll('&nbsp;', ' '))
    assert.equal(counted.get('table'), hardware.devices === 1 ? 2 : 3)
    assert.match(
      html,
      /<td[^>]*>all<\/td><td style="text-align: right">[\d.]+<\/td><td style="text-align: right">[\d.]+<\/td>/,
    )
    const words = (text: string) => text.replace(/<[^>]*>|&nbsp;/g, ' ').replace(/\s+/g, '')
    const asWritten = (text: string) => text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')
    assert.equal(asWritten(words(html)), words(bundle['text/plain']))
  }
})

test('a plan by estimate alone says so, and what would make it fit', () => {
  const { hardware, ...rest } = read(names[0])
  const small = { ...rest, hardware: { ...hardware, memory: 1e9 }, xla: null, fits: false }
  const keys = { remat_policy: 'nothing' } as const
  const html = planTable({ ...small, advice: [{ keys, total: 5e8, fits: true }] })[DISPLAY]()['text/html'] as string
  assert.match(html, /it does not fit: a device has 1.00 GB for programs, by the estimate/)
  assert.match(html, /remat_policy &quot;nothing&quot;: 500.0 MB by the estimate/)
  assert.doesNotMatch(html, /<th[^>]*>XLA/)
})

test('a small plan is in MB', async () => {
  const { config } = await readModelConfig(
    fileURLToPath(new URL('../../../configs/models/notebook.json', import.meta.url)),
  )
  const text = describePlan(await plan(config, { hardware: cpuDevices(1), compile: false }), 'notebook.json')
  assert.match(text, /^notebook.json on 1 CPU device\n/)
  assert.match(text, /\nmemory of a device, MB  estimate\n  parameters                3\.7\d\n/)
})
