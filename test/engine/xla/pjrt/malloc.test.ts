import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const library = new URL('../../../../src/engine/xla/pjrt/', import.meta.url).href

function inProcess(source: string, environment: Record<string, string> = {}) {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source],
    { encoding: 'utf8', timeout: 60_000, env: { ...process.env, GLIBC_TUNABLES: '', ...environment } })
  assert.equal(stderr, '')
  return JSON.parse(stdout) as unknown
}

/** Page faults of allocating, filling and freeing 64 MiB ten times, which is 16,384 pages each time. */
const faults = (before: string) => inProcess(`
  import { keepFreedMemory } from '${library}malloc.js'
  import koffi from 'koffi'
  ${before}
  const start = process.resourceUsage().minorPageFault
  for (let i = 0; i < 10; i++) {
    const block = koffi.alloc('uint8_t', 64 << 20)
    new Uint8Array(koffi.view(block, 64 << 20)).fill(1)
    koffi.free(block)
  }
  console.log(process.resourceUsage().minorPageFault - start)`) as number

const glibc = process.platform === 'linux' && inProcess(`
  import { keepFreedMemory } from '${library}malloc.js'
  console.log(keepFreedMemory())`) as boolean

test('keepFreedMemory: a freed block is used again without new pages', { skip: !glibc && 'no glibc' }, () => {
  const [without, kept] = [faults(''), faults('keepFreedMemory()')]
  assert.ok(kept < without / 4, `${without} page faults without, ${kept} with`)
})

test('keepFreedMemory leaves the settings of GLIBC_TUNABLES alone', () => {
  assert.equal(inProcess(`
    import { keepFreedMemory } from '${library}malloc.js'
    console.log(keepFreedMemory())`, { GLIBC_TUNABLES: 'glibc.malloc.mmap_max=100' }), false)
})

test('a koffi library loaded before ours is told of, since it fixes the stack size that XLA needs', () => {
  const message = inProcess(`
    import koffi from 'koffi'
    koffi.load(null)
    const { loadPlugin } = await import('${library}index.js')
    try { loadPlugin(process.execPath) } catch (error) { console.log(JSON.stringify(error.message)) }`)
  assert.match(message as string,
    /FAILED_PRECONDITION.*XLA needs 16777216.*Import neomesh before anything else that uses koffi/)
})
