/** import and export as commands: the folders of others. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fixture } from '../model/goldens.js'
import { runHere, withoutNews } from './run-here.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-convert-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('import hf: a tied table as lm_head.weight alone, then a sample (case hf-tied-as-lm-head)', async () => {
  const imported = join(folder, 'imported')
  const made = await runHere(['import', 'hf', fixture('cases/hf-tied-as-lm-head'), '--out', imported])
  assert.equal(made.code, 0, made.stderr)
  const environment = { NEOMESH_CACHE: join(folder, 'cache') }
  const { code, stdout, stderr } = await runHere(['sample', imported, '-p', 'he', '-n', '3', '-t', '0'], environment)
  assert.deepEqual([code, stdout], [0, 'helll\n'], withoutNews(stderr))
})

test('import hf: what is not a folder of weights is one line, and nothing is written', async () => {
  const cases: [source: string, message: RegExp][] = [
    [fixture('cases/hf-lfs-pointer'), /got a Git LFS pointer\)\. Run `git lfs install && git lfs pull`/],
    ['EleutherAI/gpt-neo-125m', /EleutherAI\/gpt-neo-125m must be in the cache .* Unset HF_HUB_OFFLINE to download it/],
    ['https://huggingface.co/EleutherAI/gpt-neo-125m', /hf download EleutherAI\/gpt-neo-125m --local-dir gpt-neo-125m/],
    ['s3://bucket/model', /is in Amazon S3/],
    ['GS://bucket/model', /Write gs:\/\/bucket\/model/],
  ]
  const offline = { HF_HUB_OFFLINE: '1', HF_HUB_CACHE: join(folder, 'hub') }
  const before = readdirSync(folder)
  for (const [source, message] of cases) {
    const { code, stdout, stderr } = await runHere(['import', 'hf', source, '--out', join(folder, 'none')], offline)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^neomesh: [^\n]+\n$/)
    assert.match(stderr, message)
  }
  assert.deepEqual(readdirSync(folder), before)
})
