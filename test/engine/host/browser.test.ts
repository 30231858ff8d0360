/** The engine needs nothing of Node: bundled for browsers it runs where there is none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'

const PROGRAM = `
  import { openHost } from './src/engine/host/engine.js'
  import { jit } from './src/engine/jit.js'
  import { DeviceArray } from './src/engine/device-array.js'
  import { dim, einsum, softmax } from './src/tensor/index.js'
  export async function main() {
    const engine = openHost()
    const [m, k, n] = [dim('m', 5), dim('k', 700), dim('n', 9)]
    const ones = (dims) => DeviceArray.from(engine, new Float32Array(dims[0].size * dims[1].size).fill(1), dims, 'f32')
    const run = jit(engine, (x, y) => [einsum([x, y], [m, n]), softmax(einsum([x, y], [m, n]), n).sum(n)])
    const results = await run(ones([m, k]), ones([k, n]))
    return { about: engine.description, numbers: await Promise.all(results.map(async (x) => Array.from(await x.read()))) }
  }`

test('bundled for a browser it runs without Node', async () => {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: fileURLToPath(new URL('../../..', import.meta.url)) },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'page',
    platform: 'browser',
    logLevel: 'silent',
    define: { 'import.meta.url': '"https://example.org/page.js"' },
  })
  const globals = { performance, setTimeout, URL, TextEncoder, TextDecoder, console }
  const browser = createContext({ ...globals, window: globals })
  const script = outputFiles[0].text
  const { about, numbers } = await runInContext(`${script}\npage.main()`, browser)
  assert.match(about, /^host on cpu/)
  const [product, sums] = numbers as number[][]
  assert.deepEqual([...product], Array(45).fill(700))
  assert.ok(sums.every((x) => Math.abs(x - 1) < 1e-6))
})
