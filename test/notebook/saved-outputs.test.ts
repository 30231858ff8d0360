/** Outputs that are kept in the notebooks are of today's files. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readModelConfig } from '../../src/config/index.js'
import { costsOf } from '../../src/plan/index.js'
import { root } from '../kernels/client.js'

interface Notebook {
  readonly cells: readonly { readonly outputs?: readonly { readonly data?: Readonly<Record<string, unknown>> }[] }[]
}

test('the table of notebook 3 has the models of configs/models, with their parameters', async () => {
  const notebook = JSON.parse(readFileSync(`${root}/notebooks/03_config.ipynb`, 'utf8')) as Notebook
  const texts = notebook.cells.flatMap(({ outputs = [] }) => outputs.map(({ data }) => data?.['text/plain']))
  const table = texts.flat().filter((line) => typeof line === 'string')
  for (const file of readdirSync(`${root}/configs/models`)) {
    const { config } = await readModelConfig(`${root}/configs/models/${file}`)
    const name = file.replace('.json', '')
    const row = table.find((line) => line.split(/\s+/)[0] === name)
    const millions = Number(row?.trim().split(/\s+/).at(-2)?.replaceAll(',', ''))
    const parameters = costsOf(config).parameters / 1e6
    assert.ok(Math.abs(millions / parameters - 1) < 1e-3, `${name}: ${parameters} million, in the notebook ${millions}`)
  }
})
