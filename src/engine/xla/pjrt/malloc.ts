/**
 * glibc's malloc for XLA on CPUs. XLA allocates outputs and temporaries at every run and frees them after it; glibc
 * gives large blocks back to the kernel, so each run touches fresh pages, which costs more than the arithmetic of
 * many programs.
 */
import koffi from 'koffi'
import './stacks.js'

/** Parameters of mallopt (malloc.h). */
const M_TRIM_THRESHOLD = -1
const M_TOP_PAD = -2
const M_MMAP_MAX = -4
const M_ARENA_MAX = -8

/**
 * Lets malloc keep what is freed: no block by mmap, no trimming, one arena. Call it before the client starts its
 * threads; threads that have an arena of their own by then keep it, and map large blocks as before, so GLIBC_TUNABLES
 * at the start of the process does more. Memory in use stays at the highest it was. The user's GLIBC_TUNABLES are
 * left alone.
 * @returns whether it was done: false without glibc, or with the user's own settings
 */
export function keepFreedMemory(): boolean {
  if (process.platform !== 'linux' || process.env.GLIBC_TUNABLES?.includes('glibc.malloc')) return false
  let mallopt: (parameter: number, value: number) => number
  try {
    mallopt = koffi.load('libc.so.6').func('int mallopt(int parameter, int value)')
  } catch {
    return false // musl
  }
  const settings = [[M_ARENA_MAX, 1], [M_MMAP_MAX, 0], [M_TRIM_THRESHOLD, -1], [M_TOP_PAD, 256 << 20]]
  return settings.every(([parameter, value]) => mallopt(parameter, value) === 1)
}
