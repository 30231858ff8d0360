/** glibc's malloc, which XLA's CPU backend allocates with. Elsewhere nothing is done. */
import koffi from 'koffi'
import './stacks.js'

let trim: ((pad: number) => number) | null | undefined

/** Gives freed memory back to the system: after a compilation, hundreds of MB for a large program. Takes milliseconds. */
export function releaseFreedMemory(): void {
  if (trim === undefined) trim = find()
  trim?.(0)
}

function find(): ((pad: number) => number) | null {
  if (process.platform !== 'linux') return null
  try {
    return koffi.load('libc.so.6').func('int malloc_trim(size_t pad)') as (pad: number) => number
  } catch {
    return null // musl has no such function
  }
}
