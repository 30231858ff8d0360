/** PJRT plugins on PyPI: of which package, in which file, how to install one, and which platforms have run. */

export type Platform = 'cpu' | 'cuda' | 'tpu' | 'rocm' | 'oneapi' | 'metal'

interface KnownPlugin {
  /** Python package that carries it. */
  readonly package: string
  /** Its file within site-packages. */
  readonly file: string
}

/**
 * By platform, best first. Those of AMD (rocm), Intel (oneapi) and Apple (metal) have not run with neomesh: `doctor` names
 * them, and nothing loads them unless their platform is asked for.
 */
export const PLUGINS: Readonly<Record<Platform, readonly KnownPlugin[]>> = {
  cpu: [
    { package: 'lammps-jax-pjrt-cpu', file: 'lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so' },
    { package: 'xla-cpu-pjrt', file: 'xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so' },
  ],
  cuda: [
    { package: 'jax-cuda13-pjrt', file: 'jax_plugins/xla_cuda13/xla_cuda_plugin.so' },
    { package: 'jax-cuda12-pjrt', file: 'jax_plugins/xla_cuda12/xla_cuda_plugin.so' },
  ],
  tpu: [{ package: 'libtpu', file: 'libtpu/libtpu.so' }],
  rocm: [{ package: 'jax-rocm7-pjrt', file: 'jax_plugins/xla_rocm7/xla_rocm_plugin.so' }],
  oneapi: [{ package: 'jax-oneapi-pjrt', file: 'jax_plugins/xla_oneapi/xla_oneapi_plugin.so' }],
  // metal-pjrt-core has another one, whose file is not known here: PJRT_PLUGIN_LIBRARY_PATH can name it.
  metal: [{ package: 'jax-mlx-plugin', file: 'jax_mlx/libmlx_pjrt_plugin.dylib' }],
}

export const PLATFORMS = Object.keys(PLUGINS) as Platform[]

/** Platforms whose plugins have never run with neomesh. */
export const UNTESTED: ReadonlySet<Platform> = new Set(['rocm', 'oneapi', 'metal'])

/** What to do to have a plugin of a platform, on a machine as process.platform and process.arch describe it. */
export function howToInstall(platform: Platform, os: NodeJS.Platform, architecture: string): string {
  const pip = (what: string) => `Install one: python3 -m venv .venv && .venv/bin/pip install ${what}`
  const machine = `${os} ${architecture}`
  switch (platform) {
    case 'tpu':
      return pip('--no-deps libtpu==0.0.52') + ' (make plan-setup does it in a checkout)'
    case 'cuda':
      return pip('"jax-cuda13-plugin[with-cuda]"')
    case 'rocm':
      if (machine !== 'linux x64') return "AMD's plugin exists for linux x64 only."
      return pip('--no-deps jax-rocm7-pjrt==0.12.0') + ' (133 MB; needs the libraries of ROCm 7; not tested)'
    case 'oneapi':
      if (machine !== 'linux x64') return "Intel's plugin exists for linux x64 only."
      return pip('--no-deps jax-oneapi-pjrt==0.11.2') + " (135 MB; needs Intel's oneAPI libraries; not tested)"
    case 'metal':
      if (machine !== 'darwin arm64') return "The plugin for Apple's GPUs exists for darwin arm64 only."
      return pip('jax-mlx-plugin==0.0.4') + ' (not tested; or metal-pjrt-core, with PJRT_PLUGIN_LIBRARY_PATH=FILE)'
    case 'cpu':
      if (machine === 'linux x64') return pip('--no-deps lammps-jax-pjrt-cpu==0.11.2')
      if (machine === 'linux arm64') return pip('--no-deps xla-cpu-pjrt==0.0.1')
      return (
        `PyPI has no CPU plugin for ${machine}: use the engine host, ` +
        'or point PJRT_PLUGIN_LIBRARY_PATH at a plugin you built.'
      )
  }
}
