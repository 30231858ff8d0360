import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { cudaEnvironment } from '../../../src/plan/gpu/toolchain.js'

test('ptxas and libdevice are found beside the plugin or by CUDA_HOME; else one line says what to install', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-cuda-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const plugin = join(folder, 'jax_plugins/xla_cuda13/xla_cuda_plugin.so')
  const install = (at: string) => {
    for (const file of ['bin/ptxas', 'nvvm/libdevice/libdevice.10.bc']) {
      mkdirSync(join(at, file, '..'), { recursive: true })
      writeFileSync(join(at, file), '')
    }
  }
  const missing = /^ptxas and libdevice must be in one of \S.* \(they are not\)\. Run make plan-setup GPU=1, [^\n]*$/
  assert.throws(() => cudaEnvironment({}, plugin), { name: 'PlanError', message: missing })
  install(join(folder, 'cuda'))
  assert.equal(
    cudaEnvironment({ CUDA_HOME: join(folder, 'cuda'), XLA_FLAGS: '--xla_a=1' }, plugin).XLA_FLAGS,
    `--xla_a=1 --xla_gpu_cuda_data_dir=${folder}/cuda`,
  )
  install(join(folder, 'nvidia/cu13'))
  const { PATH, XLA_FLAGS } = cudaEnvironment({ PATH: '/usr/bin' }, plugin)
  assert.equal(PATH, `${folder}/nvidia/cu13/bin:/usr/bin`)
  assert.equal(XLA_FLAGS, `--xla_gpu_cuda_data_dir=${folder}/nvidia/cu13`)
  rmSync(join(folder, 'nvidia/cu13/bin/ptxas'))
  assert.throws(() => cudaEnvironment({}, plugin), { message: missing })
})
