/** The device that test/device is about: an NVIDIA GPU, or another one by NEOMESH_TEST_DEVICE (`cpu` checks the tests themselves). */
import { existsSync } from 'node:fs'
import { findPlugin } from '../../src/engine/xla/discovery.js'
import type { Platform, XlaOptions } from '../../src/engine/index.js'

export const platform = (process.env.NEOMESH_TEST_DEVICE ?? 'cuda') as Platform

/** Why the tests are skipped here, or false. A file whose every test is skipped for this reason is in order: test/tally.ts. */
export const skip = platform === 'cuda' && reason()

function reason(): string | false {
  if (!existsSync('/dev/nvidiactl')) return 'no NVIDIA GPU is here'
  try {
    findPlugin('cuda')
    return false
  } catch {
    return "XLA's CUDA plugin is not installed"
  }
}

// cuBLAS rounds f32 operands of products to TF32 (10 bits) unless it is told not to; it reads this when it is loaded.
if (platform === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0'

/** XLA's own kernels for products use TF32, too. */
export const EXACT: NonNullable<XlaOptions['flags']> = platform === 'cuda' ? { xla_gpu_enable_triton_gemm: false } : {}
