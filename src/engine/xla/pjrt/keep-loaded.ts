/**
 * koffi unloads its libraries when Node takes itself down. XLA has registered functions for the end of the process by
 * then, which are called where its code was: a segmentation fault after the last line of the program. (A program that
 * was run, rather than only loaded, happens to keep the library.) So the loader is told never to unload the plugin.
 */
import koffi from 'koffi'
import './stacks.js'

/** dlfcn.h of glibc and musl. */
const RTLD_NOW = 2
const RTLD_NOLOAD = 4
const RTLD_NODELETE = 0x1000

/** Marks a library that is loaded already. Elsewhere than on Linux nothing is done. */
export function keepLoaded(path: string): void {
  if (process.platform !== 'linux') return
  for (const library of ['libc.so.6', 'libdl.so.2', 'libc.so']) {
    try {
      const dlopen = koffi.load(library).func('void *dlopen(const char *path, int flags)')
      if (dlopen(path, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE)) return
    } catch {
      // dlopen is in libc since glibc 2.34, and in libdl before.
    }
  }
}
