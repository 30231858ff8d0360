import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { PlanError } from '../ahead/limits.js'
import { findPlugin, PluginNotFoundError } from '../../engine/index.js'

/** What XLA's CUDA compiler needs beside the plugin, in a folder of CUDA. */
const FILES = ['bin/ptxas', 'nvvm/libdevice/libdevice.10.bc']

const INSTALL =
  'Run make plan-setup GPU=1, or in a virtual environment pip install --no-deps jax-cuda13-pjrt==0.11.2 ' +
  'nvidia-cuda-nvcc==13.5.37 nvidia-nvvm==13.5.37 (0.7 GB; no GPU or driver is needed); or pass --static to plan by estimate'

/**
 * Environment of the process that compiles for GPUs: XLA starts ptxas, and reads libdevice. They are beside the plugin (the
 * packages nvidia-cuda-nvcc and nvidia-nvvm), or where CUDA_HOME says. Throws PlanError if one is missing.
 */
export function cudaEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  plugin = pluginPath(),
): Record<string, string> {
  const packages = dirname(dirname(dirname(plugin)))
  const folders = [join(packages, 'nvidia/cu13'), join(packages, 'nvidia/cuda_nvcc'), environment.CUDA_HOME].filter(
    (folder): folder is string => folder !== undefined,
  )
  const folder = folders.find((each) => FILES.every((file) => existsSync(join(each, file))))
  if (folder === undefined)
    throw new PlanError(`ptxas and libdevice must be in one of ${folders.join(', ')} (they are not). ${INSTALL}`)
  return {
    PATH: [join(folder, 'bin'), environment.PATH ?? ''].join(delimiter),
    XLA_FLAGS: `${environment.XLA_FLAGS ?? ''} --xla_gpu_cuda_data_dir=${folder}`.trim(),
  }
}

function pluginPath(): string {
  try {
    return findPlugin('cuda').path
  } catch (error) {
    if (!(error instanceof PluginNotFoundError)) throw error
    throw new PlanError(`XLA's CUDA plugin must be installed to compile for GPUs (it was not found). ${INSTALL}`)
  }
}
