import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, freemem, hostname, release, totalmem, type } from 'node:os'
import * as path from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { getSystemErrorMap, inspect } from 'node:util'
import { createGunzip } from 'node:zlib'
import type { Digest, Runtime } from './runtime.js'

export const runtime: Runtime = {
  kind: 'node',
  version: process.versions.node,
  get packageVersion() {
    const file = new URL('../../../package.json', import.meta.url)
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  },
  paths: path,
  posix: path.posix,
  sha256Digest: () => {
    const hash = createHash('sha256')
    const digest: Digest = {
      update(data) {
        hash.update(data)
        return digest
      },
      digest: () => hash.digest('hex'),
    }
    return digest
  },
  isUtf8,
  gunzip,
  nextTurn: () => setImmediate(),
  sleep,
  later(ms, work) {
    const timer = setTimeout(work, ms).unref()
    return () => clearTimeout(timer)
  },
  machine: () => ({
    cores: availableParallelism(),
    memory: totalmem(),
    freeMemory: freemem(),
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    os: `${type()} ${release()}`,
    hostName: hostname(),
    runtime: `${process.version} on ${process.platform} ${process.arch}`,
  }),
  cpuSeconds() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
  processId: process.pid,
  environment: () => process.env,
  warn: (text) => process.emitWarning(text),
  inspect: (value) => inspect(value),
  onInterrupt: (listener) => void process.once('SIGINT', listener),
  systemError: (errno) => getSystemErrorMap().get(errno!)?.[1],
}

async function* gunzip(pieces: AsyncIterable<Uint8Array>, pieceBytes: number): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: pieceBytes })
  const feeding = (async () => {
    try {
      for await (const piece of pieces) {
        if (!unzip.write(piece)) await new Promise((resolve) => unzip.once('drain', resolve).once('close', resolve))
        if (unzip.destroyed) return
      }
      unzip.end()
    } catch (cause) {
      unzip.destroy(cause as Error)
    }
  })()
  try {
    yield* unzip
  } finally {
    unzip.destroy()
    await feeding
  }
}
