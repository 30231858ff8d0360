import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const library = new URL('../../../../src/engine/xla/pjrt/', import.meta.url).href

function inProcess(source: string, environment: Record<string, string> = {}) {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, GLIBC_TUNABLES: '', ...environment },
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout) as unknown
}

test(
  'releaseFreedMemory gives pages back, and may be called anywhere',
  { skip: process.platform !== 'linux' && 'no glibc' },
  () => {
    const [before, after] = inProcess(`
    import { readFileSync } from 'node:fs'
    import koffi from 'koffi'
    import { releaseFreedMemory } from '${library}process.js'
    const resident = () => Number(/VmRSS:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
    // Small blocks come from the heap, which keeps them when freed as long as a later one is in use.
    const blocks = Array.from({ length: 4000 }, () => koffi.alloc('uint8_t', 16384))
    for (const block of blocks) new Uint8Array(koffi.view(block, 16384)).fill(1)
    const last = koffi.alloc('uint8_t', 16384)
    blocks.forEach((block) => koffi.free(block))
    const before = resident()
    releaseFreedMemory()
    console.log(JSON.stringify([before, resident()]))
    koffi.free(last)`) as [number, number]
    assert.ok(after < before - 40_000, `${before} kB before, ${after} kB after`)
  },
)

test('a koffi library loaded before ours is reported, since it fixes the stack size that XLA needs', () => {
  const message = inProcess(`
    import koffi from 'koffi'
    koffi.load(null)
    const { loadPlugin } = await import('${library}index.js')
    try { loadPlugin(process.execPath) } catch (error) { console.log(JSON.stringify(error.message)) }`)
  assert.match(
    message as string,
    /FAILED_PRECONDITION.*must have 16777216 bytes for XLA.*Import neomesh before anything else that uses koffi/,
  )
})
