/** docs/how-to/primitive.md, applied to a copy of the tree. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { findPlugin } from '../../src/engine/xla/discovery.js'
import { applyBlock, compileCopy, readBlocks, root } from './how-to.js'

const blocks = readBlocks('primitive.md')
let copy: string

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'neomesh-how-to-'))
  for (const room of ['tensor', 'mesh', 'engine', 'runtime'])
    cpSync(join(root, 'src', room), join(copy, 'src', room), { recursive: true })
  cpSync(join(root, 'src/files'), join(copy, 'src/files'), { recursive: true })
  cpSync(join(root, 'package.json'), join(copy, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const settings = { extends: join(root, 'tsconfig.json') }
  const compilerOptions = {
    rootDir: '.',
    outDir: 'dist',
    incremental: false,
    tsBuildInfoFile: null,
    declaration: false,
  }
  const files = ['src/tensor/index.ts', 'src/engine/index.ts']
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ ...settings, compilerOptions, files, include: [] }))
})
after(() => rmSync(copy, { recursive: true, force: true }))

test('how to add a primitive: six files, of which the compiler names the tables', () => {
  const files = [...new Set(blocks.map(({ file }) => file))]
  const tables = files.filter((file) => file.startsWith('src/engine/'))
  assert.equal(files.length, 6)
  assert.equal(tables.length, 3)

  blocks.filter(({ file }) => !tables.includes(file)).forEach((block) => applyBlock(copy, block))
  const errors = compileCopy(copy)
  for (const table of tables)
    assert.match(errors, new RegExp(`^${table}\\(.*Property 'cbrt' is missing`, 'm'), `the compiler names ${table}`)
  assert.deepEqual([...new Set(errors.match(/^src\/[^(]+/gm))].sort(), tables.sort(), 'and nothing else')

  blocks.filter(({ file }) => tables.includes(file)).forEach((block) => applyBlock(copy, block))
  assert.equal(compileCopy(copy), '')
})

test('the new primitive runs on every engine, with its gradient', () => {
  const at = (path: string) => pathToFileURL(join(copy, 'dist/src', path)).href
  const program = `
    const { cbrt, dim, grad, total } = await import('${at('tensor/index.js')}')
    const { DeviceArray, jit, openXla } = await import('${at('engine/index.js')}')
    const { openHost } = await import('${at('engine/host/engine.js')}')
    const { openTfjs } = await import('${at('engine/tfjs/engine.js')}')
    for (const engine of [await openXla(), openHost(), await openTfjs()]) {
      const x = DeviceArray.from(engine, Float32Array.of(8, -27, 1), [dim('n', 3)], 'f32')
      const results = await jit(engine, (x) => [cbrt(x), grad((y) => total(cbrt(y)))(x)], { name: 'roots' })(x)
      console.log((await Promise.all(results.map((y) => y.read()))).map((y) => [...y].map((v) => v.toFixed(4)).join(' ')).join(', '))
    }
    process.exit(0)`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, PJRT_PLUGIN_LIBRARY_PATH: findPlugin('cpu').path, NEOMESH_CACHE: 'off' },
  })
  const wanted = '2.0000 -3.0000 1.0000, 0.0833 0.0370 0.3333\n'
  assert.equal(output, wanted.repeat(3))
})
