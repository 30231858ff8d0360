import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { findPlugin, hasTpu, type DiscoveryEnvironment } from '../../../src/engine/xla/discovery.js'

const lammps = 'lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so'
const xlaCpu = 'xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'neomesh-discovery-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function put(path: string): string {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '')
  return file
}

const around = (changes: Partial<DiscoveryEnvironment> = {}): DiscoveryEnvironment => ({
  folder: join(root, 'project/notebooks'),
  packageFolder: join(root, 'package'),
  uid: process.getuid?.(),
  pythonPackages: () => [],
  os: 'linux',
  architecture: 'x64',
  ...changes,
  // What `neomesh setup` has installed for the user of this machine is not looked at.
  environment: { XDG_CACHE_HOME: join(root, 'cache'), ...changes.environment },
})

test('searched in order: variable, package, working folder upward, active environment, python', () => {
  const python = put(`python/site-packages/${xlaCpu}`)
  const discovery = around({
    environment: { VIRTUAL_ENV: join(root, 'active') },
    pythonPackages: () => [join(root, 'python/site-packages')],
  })
  assert.equal(findPlugin('cpu', discovery).path, python)
  for (const place of ['active', 'project/.venv', 'project/notebooks/.venv', 'package/.venv']) {
    const path = put(`${place}/lib/python3.11/site-packages/${lammps}`)
    assert.equal(findPlugin('cpu', discovery).path, path)
  }
  const named = put('my/plugin.so')
  assert.deepEqual(findPlugin('cpu', { ...discovery, environment: { PJRT_PLUGIN_LIBRARY_PATH: named } }), {
    path: named,
    platform: 'cpu',
    package: null,
    version: null,
  })
})

test('an environment that others can write to, or that is theirs, is not used', { skip: !process.getuid }, () => {
  const plugin = put(`project/.venv/lib/python3.11/site-packages/${lammps}`)
  const theirs = around({ uid: 12345 })
  assert.equal(findPlugin('cpu', around()).path, plugin)
  if (process.getuid!() !== 0)
    assert.throws(() => findPlugin('cpu', theirs), { message: /not used, because other users can write to it/ })
  for (const folder of ['project/.venv', 'project/.venv/lib/python3.11/site-packages']) {
    chmodSync(join(root, folder), 0o777)
    assert.throws(() => findPlugin('cpu', around()), { message: /not used, because other users can write to it/ })
    chmodSync(join(root, folder), 0o755)
  }
})

test('a variable that names a plugin of another platform, by its file name, does not count', () => {
  const cuda = put('project/.venv/lib/python3.11/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so')
  const environment = { PJRT_PLUGIN_LIBRARY_PATH: put('my/pjrt_c_api_cpu_plugin.so') }
  assert.equal(findPlugin('cuda', around({ environment })).path, cuda)
  assert.equal(findPlugin('cpu', around({ environment })).path, environment.PJRT_PLUGIN_LIBRARY_PATH)
})

test('python is asked only when the environments have nothing', () => {
  put(`project/.venv/lib/python3.12/site-packages/${lammps}`)
  findPlugin('cpu', around({ pythonPackages: () => assert.fail('python was started') }))
})

test('package and version are told; each platform has its packages', () => {
  const packages = 'project/.venv/lib/python3.11/site-packages'
  put(`${packages}/${xlaCpu}`)
  put(`${packages}/${lammps}`)
  put(`${packages}/lammps_jax_pjrt_cpu-0.11.2.dist-info/METADATA`)
  const cuda = put(`${packages}/jax_plugins/xla_cuda12/xla_cuda_plugin.so`)
  const tpu = put(`${packages}/libtpu/libtpu.so`)
  const { package: name, version } = findPlugin('cpu', around())
  assert.deepEqual([name, version], ['lammps-jax-pjrt-cpu', '0.11.2'])
  assert.deepEqual(findPlugin('cuda', around()), {
    path: cuda,
    platform: 'cuda',
    package: 'jax-cuda12-pjrt',
    version: null,
  })
  assert.equal(findPlugin('tpu', around()).path, tpu)
  const others = {
    rocm: 'jax_plugins/xla_rocm7/xla_rocm_plugin.so',
    oneapi: 'jax_plugins/xla_oneapi/xla_oneapi_plugin.so',
    metal: 'jax_mlx/libmlx_pjrt_plugin.dylib',
  } as const
  for (const [platform, file] of Object.entries(others) as [keyof typeof others, string][]) {
    const path = put(`${packages}/${file}`)
    assert.equal(findPlugin(platform, around()).path, path)
    const environment = { PJRT_PLUGIN_LIBRARY_PATH: path }
    assert.equal(findPlugin(platform, around({ environment })).path, path)
    assert.notEqual(findPlugin('tpu', around({ environment })).path, path)
  }
})

test('not found: the error lists the folders and gives one command, by platform', () => {
  put('project/.venv/lib/python3.11/site-packages/other/file')
  const lines = [
    'no PJRT plugin for cpu',
    `  looked at ${join(root, 'project/.venv/lib/python3.11/site-packages')} for lammps-jax-pjrt-cpu, xla-cpu-pjrt`,
    '  Install one: python3 -m venv .venv && .venv/bin/pip install --no-deps lammps-jax-pjrt-cpu==0.11.2',
  ]
  assert.throws(() => findPlugin('cpu', around()), { name: 'PluginNotFoundError', message: lines.join('\n') })
  assert.throws(() => findPlugin('cpu', around({ architecture: 'arm64' })), {
    message: /pip install --no-deps xla-cpu-pjrt/,
  })
  assert.throws(() => findPlugin('cpu', around({ os: 'darwin' })), {
    message: /PyPI has no CPU plugin for darwin x64: use the engine host/,
  })
  assert.throws(() => findPlugin('cuda', around()), { message: /pip install "jax-cuda13-plugin\[with-cuda\]"/ })
  assert.throws(() => findPlugin('tpu', around()), { message: /pip install --no-deps libtpu==/ })
  assert.throws(() => findPlugin('rocm', around()), { message: /pip install --no-deps jax-rocm7-pjrt.*not tested/ })
  assert.throws(() => findPlugin('oneapi', around()), { message: /pip install --no-deps jax-oneapi-pjrt.*not tested/ })
  assert.throws(() => findPlugin('metal', around()), { message: /Apple's GPUs exists for darwin arm64 only/ })
  assert.throws(() => findPlugin('metal', around({ os: 'darwin', architecture: 'arm64' })), {
    message: /pip install jax-mlx-plugin.*not tested/,
  })
})

test('a variable that names no file is an error, not a reason to search on', () => {
  put(`project/.venv/lib/python3.11/site-packages/${lammps}`)
  assert.throws(() => findPlugin('cpu', around({ environment: { PJRT_PLUGIN_LIBRARY_PATH: '/nowhere/plugin.so' } })), {
    message: /LIBRARY_PATH=\/nowhere\/plugin\.so: there is no such file\n.*Correct the variable, or unset it/,
  })
})

test('TPU chips are seen on the PCI bus or as /dev/accel0', () => {
  assert.equal(hasTpu(root), false)
  writeFileSync(put('sys/bus/pci/devices/0000:00:04.0/vendor'), '0x8086\n')
  assert.equal(hasTpu(root), false)
  writeFileSync(put('sys/bus/pci/devices/0000:00:05.0/vendor'), '0x1ae0\n')
  assert.equal(hasTpu(root), true)
  rmSync(join(root, 'sys'), { recursive: true })
  put('dev/accel0')
  assert.equal(hasTpu(root), true)
})
