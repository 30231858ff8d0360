/** What is installed for Jupyter, as files. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { installKernel } from '../../src/setup/index.js'

test("JupyterLab's own scripts run in an environment below a package of modules, as .venv is", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-install-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  await installKernel({ project: folder, prefix: join(folder, '.venv') })
  const script = join(folder, '.venv/node-version-check.js')
  writeFileSync(script, "console.log(require('node:path').sep)")
  assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }), '/\n')
})
