/**
 * What XLA needs of the process that it is loaded into: koffi's stacks, environment variables, the loader, memory, and an
 * orderly end.
 */
import { existsSync } from 'node:fs'
import { koffi, stackBytes } from '../../../files/koffi.js'
import { PjrtError } from './error.js'

/** XLA recurses deep. Checked when a plugin is loaded, since another library may have fixed koffi's stacks before. */
export function checkStacks(): void {
  const { sync_stack_size: sync = 0, async_stack_size: async = 0 } = koffi.config()
  if (Math.min(sync, async) >= stackBytes) return
  throw new PjrtError(
    'GetPjrtApi',
    'FAILED_PRECONDITION',
    `koffi's stacks must have ${stackBytes} bytes for XLA (got ${sync} and ${async}, fixed by a library that was loaded ` +
      'with koffi before). Import neomesh before anything else that uses koffi.',
  )
}

// Environment variables that XLA reads with getenv, set before the plugin loads or the client starts.

/**
 * XLA's log lines go to stderr at these levels; 3 leaves only fatal ones. `NEOMESH_DEBUG=xla` leaves the levels
 * alone.
 */
export function quietLogs(): void {
  if (process.env.NEOMESH_DEBUG?.split(',').includes('xla')) return
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3'
  process.env.TPU_MIN_LOG_LEVEL ??= '3'
}

/**
 * libtpu on a machine without TPUs, to compile ahead of time: it would ask Google's metadata server for minutes,
 * allow one process per machine, and warn that it does not know its accelerator and workers. What it compiles does not
 * depend on these values.
 */
export function allowNoTpu(): void {
  if (existsSync('/dev/accel0') || existsSync('/dev/vfio')) return
  process.env.TPU_SKIP_MDS_QUERY ??= '1'
  process.env.ALLOW_MULTIPLE_LIBTPU_LOAD ??= '1'
  process.env.TPU_ACCELERATOR_TYPE ??= 'v5litepod-4'
  process.env.TPU_WORKER_HOSTNAMES ??= 'localhost'
}

/** The value that we gave PJRT_NPROC for an earlier client, which a later one may raise; a value of the user's stays. */
let reserved: string | undefined

/**
 * Each virtual CPU device blocks a pool thread in a collective, and XLA aborts the process when none is left to make
 * progress, so there must be two threads per device. The pool takes its size from PJRT_NPROC, else from the number of
 * cores.
 */
export function reserveThreads(devices: number, cores: number): void {
  if (devices === 1 || process.env.PJRT_NPROC !== reserved) return
  reserved = `${Math.max(2 * devices, cores)}`
  process.env.PJRT_NPROC = reserved
}

// The loader. koffi unloads its libraries when Node ends. XLA has registered exit handlers by then, whose code would be
// gone: a segmentation fault after the last line of the program. (A program that was run, rather than only loaded, happens
// to keep the library.) So the loader must never unload the plugin.

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

// Memory: glibc's malloc, which XLA's CPU backend allocates with. Elsewhere nothing is done.

let trim: ((pad: number) => number) | null | undefined

/** Gives freed memory back to the system: after a compilation, hundreds of MB for a large program. Takes milliseconds. */
export function releaseFreedMemory(): void {
  if (trim === undefined) trim = findTrim()
  trim?.(0)
}

function findTrim(): ((pad: number) => number) | null {
  if (process.platform !== 'linux') return null
  try {
    return koffi.load('libc.so.6').func('int malloc_trim(size_t pad)') as (pad: number) => number
  } catch {
    return null // musl has no such function
  }
}

// The end. XLA's threads must not run while C++ destroys its statics, so clients that a script left open are closed in
// Node's exit event, which also follows process.exit() and an uncaught error.

interface Closable {
  closeSync(): void
}

const open = new Set<Closable>()
let listening = false

export function closeAtExit(client: Closable): void {
  open.add(client)
  if (listening) return
  listening = true
  process.on('exit', () => {
    for (const client of open) client.closeSync()
  })
}

export function closedBefore(client: Closable): void {
  open.delete(client)
}

/**
 * libtpu's profiling timer kills a process that ends on its own (SIGPROF, while Node ends), but not one
 * that ends by process.exit(); so end by that, after all other listeners.
 */
export function endByProcessExit(): void {
  const end = (code: number) => {
    const listeners = process.rawListeners('exit')
    for (const later of listeners.slice(listeners.indexOf(end) + 1)) later.call(process, code)
    process.exit()
  }
  process.on('exit', end)
}
