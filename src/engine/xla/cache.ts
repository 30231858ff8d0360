/**
 * Compiled programs kept on disk, so that a second start of the same run loads in a moment what took minutes to
 * compile. Nothing in a serialized program says which CPU or plugin it is for, and XLA does not check: all of that is
 * in the key.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { arch, availableParallelism, cpus, platform } from 'node:os'
import { join } from 'node:path'
import { isCloudPath, makeFolder, userFolder } from '../../files/index.js'
import { encodeCompileOptions, PjrtError, type Client, type CompileOptions, type Executable } from './pjrt/index.js'

export interface CompileCache {
  /** Null keeps nothing. */
  folder: string | null
  /** Everything besides program and options that compiled code depends on. */
  machine: Record<string, unknown>
  /** The least recently used entries beyond this many bytes are removed. */
  maximumBytes: number
}

export interface Compiled {
  executable: Executable
  fromCache: boolean
  /** Time that compiling or loading took. */
  seconds: number
}

/** The cache of this machine. NEOMESH_CACHE names another folder, or is `off`. */
export function defaultCache(client: Client): CompileCache {
  return { folder: cacheFolder(), machine: describeMachine(client), maximumBytes: 4 * 2 ** 30 }
}

function cacheFolder(): string | null {
  const named = process.env.NEOMESH_CACHE
  if (named === 'off') return null
  if (named !== undefined && isCloudPath(named)) {
    process.emitWarning(`compiled programs are not kept: NEOMESH_CACHE is ${named}, and they are of this machine`)
    return null
  }
  return join(userFolder(), 'xla')
}

/** Compiles a module, or loads it if this machine has compiled it before. */
export async function compileCached(
  client: Client,
  text: string,
  options: CompileOptions = {},
  cache: CompileCache = defaultCache(client),
): Promise<Compiled> {
  const start = performance.now()
  const result = (executable: Executable, fromCache: boolean) => ({
    executable,
    fromCache,
    seconds: (performance.now() - start) / 1000,
  })
  if (cache.folder === null) return result(await client.compile(text, options), false)

  const key = cacheKey(text, options, cache.machine)
  const path = join(cache.folder, `${key}.xla`)
  const loaded = await load(client, path, key)
  if (loaded) return result(loaded, true)
  const executable = await client.compile(text, options)
  const compiled = result(executable, false)
  await save(cache, path, key, executable)
  return compiled
}

function cacheKey(text: string, options: CompileOptions, machine: Record<string, unknown>): string {
  const parts = [JSON.stringify(machine), Buffer.from(encodeCompileOptions(options)).toString('hex'), text]
  return createHash('sha256').update(parts.join('\0')).digest('hex')
}

/** Includes what XLA reads from the environment: its flags, and the threads that it splits loops over. */
export function describeMachine(client: Client): Record<string, unknown> {
  const file = statSync(client.plugin.path)
  return {
    os: platform(),
    architecture: arch(),
    cpu: describeCpu(),
    threads: availableParallelism(),
    environment: [process.env.XLA_FLAGS, process.env.PJRT_NPROC, process.env.NPROC, process.env.LIBTPU_INIT_ARGS],
    platform: client.platform,
    platformVersion: client.platformVersion,
    devices: client.devices.map(({ id, kind }) => [id, kind]),
    plugin: {
      bytes: file.size,
      modified: file.mtimeMs,
      api: client.plugin.apiVersion,
      attributes: client.plugin.attributes,
    },
  }
}

/** Model and instruction sets, which the compiled code uses without asking. */
function describeCpu(): unknown {
  const model = cpus()[0]?.model
  try {
    const lines = readFileSync('/proc/cpuinfo', 'utf8').split('\n')
    return [model, lines.find((line) => /^(flags|Features)\s*:/.test(line))]
  } catch {
    return model // no /proc: not Linux
  }
}

const MAGIC = Buffer.from('neomesh xla 1\n')
const DIGEST_BYTES = 32
const HEADER_BYTES = MAGIC.length + DIGEST_BYTES

/** An entry: magic, sha256 of key and program, program. The digest finds truncated, damaged and renamed files. */
function digest(key: string, program: Uint8Array): Buffer {
  return createHash('sha256').update(key).update(program).digest()
}

async function load(client: Client, path: string, key: string): Promise<Executable | null> {
  let bytes
  try {
    bytes = await readFile(path)
  } catch {
    return null
  }
  const program = bytes.subarray(HEADER_BYTES)
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null
  if (!bytes.subarray(MAGIC.length, HEADER_BYTES).equals(digest(key, program))) return null
  try {
    const executable = await client.deserialize(program)
    const now = new Date()
    await utimes(path, now, now).catch(() => {}) // when it was used last; a read-only cache goes without
    return executable
  } catch (error) {
    if (error instanceof PjrtError) return null // compiled anew and overwritten
    throw error
  }
}

let warned = false

/** A cache that cannot be written slows the next start and is no reason to stop this one. */
async function save(cache: CompileCache, path: string, key: string, executable: Executable): Promise<void> {
  const folder = cache.folder!
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const program = executable.serialize()
    await makeFolder(folder)
    await writeFile(temporary, Buffer.concat([MAGIC, digest(key, program), program]))
    await rename(temporary, path)
    await removeOldest(folder, cache.maximumBytes)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    if (!warned) {
      process.emitWarning(
        `compiled programs are not kept: ${(error as Error).message}. ` +
          'NEOMESH_CACHE names another folder, or is "off".',
      )
    }
    warned = true
  }
}

async function removeOldest(folder: string, maximumBytes: number): Promise<void> {
  const entries = []
  for (const name of await readdir(folder)) {
    if (!/\.(xla|tmp)$/.test(name)) continue
    const path = join(folder, name)
    const file = await stat(path).catch(() => null) // another process may have removed it
    if (file) entries.push({ path, bytes: file.size, used: file.mtimeMs })
  }
  entries.sort((a, b) => b.used - a.used)
  let total = 0
  for (const { path, bytes } of entries) {
    total += bytes
    if (total > maximumBytes) await rm(path, { force: true })
  }
}
