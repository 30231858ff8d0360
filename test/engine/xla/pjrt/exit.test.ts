/** Scripts that forget to close their client, or end in the middle of something: run as processes of their own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../files/temporary-folder.js'
import { addInPlace, pluginPath, powers } from './support.js'

const library = new URL('../../../../src/engine/xla/pjrt/index.js', import.meta.url).href

/** Runs a script in which `client`, `executable` (slow, f32[512,512]) and its argument `x` exist. */
function run(script: string, environment: Record<string, string> = {}) {
  const source = `
    import { Client, liveHandles, loadPlugin } from ${JSON.stringify(library)}
    const client = await Client.create(loadPlugin(${JSON.stringify(pluginPath)}), { cpu_device_count: 1 })
    const executable = await client.compile(${JSON.stringify(powers(512, 40))})
    const x = client.upload(new Float32Array(512 * 512), 'f32', [512, 512])
    ${script}`
  const { status, signal, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...environment },
  })
  return { status, signal, stderr, stdout }
}

const scripts: Record<string, { script: string; status?: number; stderr?: RegExp }> = {
  'nothing running': { script: '' },
  'a program running, unawaited': { script: 'executable.execute([[x]])' },
  'a program running, awaited elsewhere': { script: 'void executable.execute([[x]]).done' },
  'process.exit while a program runs': { script: 'executable.execute([[x]]); process.exit(3)', status: 3 },
  'process.exit while a thread waits': {
    script: 'void executable.execute([[x]]).done; setTimeout(() => process.exit(4), 20)',
    status: 4,
  },
  'process.exit while a download waits': {
    script: 'void executable.execute([[x]]).outputs[0][0].download(); setTimeout(() => process.exit(5), 20)',
    status: 5,
  },
  'process.exit while a program compiles': {
    script: `void client.compile(${JSON.stringify(addInPlace)}); process.exit(6)`,
    status: 6,
  },
  'an uncaught error while a program runs': {
    script: 'executable.execute([[x]]); throw new Error("boom")',
    status: 1,
    stderr: /Error: boom/,
  },
}

for (const [name, { script, status = 0, stderr = /^$/ }] of Object.entries(scripts)) {
  test(`a script ends cleanly with ${name}`, () => {
    const result = run(script)
    assert.deepEqual({ status: result.status, signal: result.signal }, { status, signal: null }, result.stderr)
    assert.match(result.stderr, stderr)
  })
}

test('a script that only loads what another one compiled ends cleanly, too', (context) => {
  const file = join(temporaryFolder(context), 'program')
  const made = run(
    `const { writeFileSync } = await import('node:fs'); writeFileSync(${JSON.stringify(file)}, executable.serialize())`,
  )
  assert.equal(made.status, 0, made.stderr)
  const source = `
    import { readFileSync } from 'node:fs'
    import { Client, loadPlugin } from ${JSON.stringify(library)}
    const client = await Client.create(loadPlugin(${JSON.stringify(pluginPath)}), { cpu_device_count: 1 })
    await client.deserialize(readFileSync(${JSON.stringify(file)}))`
  for (const end of ['', '; await client.close()']) {
    const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source + end], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr)
  }
})

test("XLA's log is quiet, unless NEOMESH_DEBUG says xla", () => {
  const levels = 'console.log(process.env.TF_CPP_MIN_LOG_LEVEL)'
  assert.equal(run(levels, { NEOMESH_DEBUG: '' }).stdout, '3\n')
  assert.equal(run(levels, { NEOMESH_DEBUG: 'memory,xla' }).stdout, 'undefined\n')
})
