/**
 * Environment variables that XLA reads with getenv: they have to be set before the plugin loads or the client starts.
 */
import { existsSync } from 'node:fs'

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
 * allow one process a machine, and complain of not knowing its accelerator and workers. What it compiles does not
 * depend on what it is told here.
 */
export function allowNoTpu(): void {
  if (existsSync('/dev/accel0') || existsSync('/dev/vfio')) return
  process.env.TPU_SKIP_MDS_QUERY ??= '1'
  process.env.ALLOW_MULTIPLE_LIBTPU_LOAD ??= '1'
  process.env.TPU_ACCELERATOR_TYPE ??= 'v5litepod-4'
  process.env.TPU_WORKER_HOSTNAMES ??= 'localhost'
}

/** The value that we gave PJRT_NPROC for an earlier client, which a later one may raise; the user's own value stays. */
let reserved: string | undefined

/**
 * Each virtual CPU device blocks a pool thread in a collective, and XLA aborts the process when none is left to make
 * progress, so there must be two threads a device. The pool takes its size from PJRT_NPROC, else from the number of
 * cores.
 */
export function reserveThreads(devices: number, cores: number): void {
  if (devices === 1 || process.env.PJRT_NPROC !== reserved) return
  reserved = `${Math.max(2 * devices, cores)}`
  process.env.PJRT_NPROC = reserved
}
