/** What cells import: packages that only `import` reaches, and local files. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root, startKernel, type TestKernel } from './client.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-modules-'))
const packages = ['esm-only', 'esm-await']
/** In the checkout, as cells import from there. */
const local = mkdtempSync(join(root, 'dist/test/local-'))
let kernel: TestKernel
before(async () => {
  for (const name of packages)
    cpSync(join(root, 'test/fixtures/cases/kernel-esm-import/packages', name), join(root, 'node_modules', name), {
      recursive: true,
    })
  writeFileSync(join(local, 'sum.ts'), 'export const sum = (a: number, b: number): number => a + b\n')
  writeFileSync(join(local, 'product.mjs'), 'export const product = (a, b) => a * b\n')
  writeFileSync(join(local, 'late.mjs'), 'await 1\nexport const late = 7\n')
  writeFileSync(join(local, 'data.json'), '{ "a": 1 }')
  kernel = await startKernel(folder)
})
after(async () => {
  await kernel?.stop()
  for (const name of [...packages, 'esm-late'])
    rmSync(join(root, 'node_modules', name), { recursive: true, force: true })
  for (const path of [folder, local]) rmSync(path, { recursive: true, force: true })
})

const path = `./${local.slice(root.length)}`
for (const [name, cell, result] of [
  ['a package that only import reaches', "import { f } from 'esm-only'\nf()", "'from esm'"],
  ['the same by import()', "const m = await import('esm-only')\nm.f()", "'from esm'"],
  [
    'a package with top-level await by import()',
    "const n = await import('esm-await')\nn.default()",
    "'default of esm with top-level await'",
  ],
  ['the same by an import statement', "import d from 'esm-await'\nd()", "'default of esm with top-level await'"],
  ['a namespace', "import * as all from 'esm-only'\nObject.keys(all).join()", "'f'"],
  ['one that was imported in an earlier cell', 'f() + d().length', "'from esm35'"],
  ['import() in a function', "const g = async () => (await import('esm-only')).f\n;(await g())()", "'from esm'"],
  ['a builtin module', "(await import('node:path')).join('a', 'b')", "'a/b'"],
  ['a CommonJS package', "typeof (await import('commander')).Command", "'function'"],
  ['neomesh', "typeof (await import('neomesh')).train", "'function'"],
  ['a local TypeScript file', `import { sum } from '${path}/sum'\nsum(1, 2)`, '3'],
  ['the same by import()', `(await import('${path}/sum')).sum(2, 3)`, '5'],
  ['a local module', `(await import('${path}/product.mjs')).product(2, 3)`, '6'],
  ['a local module with top-level await', `(await import('${path}/late.mjs')).late`, '7'],
] as const)
  test(`imported: ${name}`, async () => {
    const run = await kernel.run(cell)
    assert.equal(run.error?.traceback, undefined)
    assert.equal(run.result, result)
    assert.equal(run.stderr, '')
  })

test('their types are known', async () => {
  const { error } = await kernel.run("import { f as typed } from 'esm-only'\nconst wrong: number = typed()")
  assert.match(error!.message, /Type 'string' is not assignable to type 'number'/)
})

test('a package that is not there is said to be missing', async () => {
  assert.match(
    (await kernel.run("await import('not-there-at-all' as string)")).error!.message,
    /Cannot find package 'not-there-at-all'/,
  )
})

test('a package installed while the kernel runs is found, and all other cells run', { timeout: 60_000 }, async () => {
  const cell = "import { f as late } from 'esm-late'\nlate()"
  assert.match((await kernel.run(cell)).error!.message, /Cannot find module 'esm-late'/)
  cpSync(join(root, 'test/fixtures/cases/kernel-esm-import/packages/esm-only'), join(root, 'node_modules/esm-late'), {
    recursive: true,
  })
  // The compiler hears of it from the file system, some time later.
  let run = await kernel.run(cell)
  while (run.error) {
    assert.match(run.error.message, /Cannot find module 'esm-late'/)
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal((await kernel.run('1 + 1')).result, '2')
    run = await kernel.run(cell)
  }
  assert.equal(run.result, "'from esm'")
})
