/** The README's five steps, run as they are written, on the demo's texts; only the steps of training are fewer. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { demoTexts } from '../../src/data/index.js'
import { root } from './how-to.js'

test('the five steps of the README train a model and sample from it', async (t) => {
  const block = /## Five steps[^]*?```sh\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))![1]
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-readme-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['texts', 'bin']) mkdirSync(join(folder, name))
  for (const path of await demoTexts()) copyFileSync(path, join(folder, 'texts', basename(path)))
  cpSync(join(root, 'configs'), join(folder, 'configs'), { recursive: true })
  symlinkSync(join(root, '.venv'), join(folder, '.venv'))
  writeFileSync(join(folder, 'bin/npx'), `#!/bin/sh\nshift\nexec node '${root}/bin/neomesh.mjs' "$@"\n`, {
    mode: 0o755,
  })

  const copied = /^cp (\S+) (\S+)$/m.exec(block)!
  const fewer = `sed -i 's/"train_steps": [0-9]*/"train_steps": 10/' ${copied[2]}`
  const printed = execFileSync('bash', ['-e'], {
    ...{ cwd: folder, encoding: 'utf8', stdio: 'pipe' },
    input: block.replace(copied[0], `${copied[0]}\n${fewer}`),
    env: { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` },
  })
  assert.match(printed, /My fellow citizens,/)
  assert.match(readFileSync(join(folder, 'my/run/metrics.jsonl'), 'utf8'), /"step":10\b/)
})
