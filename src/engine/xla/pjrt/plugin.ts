/**
 * A PJRT plugin: one shared library that exports one symbol, GetPjrtApi, which gives a table of functions. Each takes
 * a pointer to its argument struct and returns null or an error. Plugins are never unloaded: XLA's threads and
 * registries stay.
 */
import { existsSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import koffi, { type KoffiFunc, type LibraryHandle } from 'koffi'
import { apiLayout, entries, type Arguments, type EntryName } from './abi.js'
import { allowNoTpu, checkStacks, endByProcessExit, keepLoaded, quietLogs } from './process.js'
import { codeName, PjrtError } from './error.js'
import { bytesAt, Struct, type FieldOf, type FieldValue } from './memory.js'
import { readNamedValues, type NamedValues } from './named-values.js'

/**
 * Older tables differ in their order (0.57 was the last rearrangement); these are the plugins that the tests have run
 * on.
 */
const OLDEST_MINOR = 57
const TESTED_MINORS = '0.81 to 0.117'

const prototype = koffi.proto('void *PjrtFunction(void *)')
type Native = KoffiFunc<(argument: bigint) => bigint | null>
type Values<E extends EntryName> = { [field in FieldOf<Arguments<E>>]?: FieldValue }

const loaded = new Map<string, Plugin>()

/**
 * Loads a plugin, once per path.
 * @throws PjrtError when the file is missing, is not a PJRT plugin, or has an unsupported version of the API
 */
export function loadPlugin(path: string): Plugin {
  if (!existsSync(path)) {
    throw new PjrtError('GetPjrtApi', 'NOT_FOUND', `no such file: ${path} (expected a PJRT plugin, a shared library)`)
  }
  const file = realpathSync(path)
  let plugin = loaded.get(file)
  if (!plugin) {
    checkStacks()
    quietLogs()
    if (basename(file).startsWith('libtpu')) {
      allowNoTpu()
      endByProcessExit()
    }
    plugin = new Plugin(file)
    loaded.set(file, plugin)
  }
  return plugin
}

export interface PluginInfo {
  path: string
  /** Version of the PJRT C API that the plugin was built with. */
  apiVersion: [major: number, minor: number]
  /** Attributes that the plugin reports, such as `xla_version`, `stablehlo_current_version`. */
  attributes: NamedValues
}

export class Plugin implements PluginInfo {
  readonly apiVersion: [major: number, minor: number]
  readonly attributes: NamedValues
  private readonly library: LibraryHandle
  private readonly table: BigUint64Array
  private readonly functions = new Map<EntryName, Native>()

  constructor(readonly path: string) {
    this.library = openLibrary(path)
    const api = getApi(this.library, path)
    const header = new DataView(bytesAt(api, apiLayout.size).buffer)
    const { major, minor } = apiLayout.fields
    this.apiVersion = [header.getInt32(major.offset, true), header.getInt32(minor.offset, true)]
    checkVersion(this.apiVersion, path)
    this.table = new BigUint64Array(bytesAt(api, Number(header.getBigUint64(0, true))).buffer)
    this.call('Plugin_Initialize', {})
    this.attributes = this.has('Plugin_Attributes') ? this.readAttributes() : {}
  }

  private readAttributes(): NamedValues {
    const found = this.call('Plugin_Attributes', {})
    return readNamedValues(found.word('attributes'), found.number('num_attributes'))
  }

  /** Whether the plugin's table has the entry: it may be too old, or leave it null. */
  has(name: EntryName): boolean {
    return Boolean(this.table[entries[name].slot >> 3])
  }

  /** The native function of an entry, for callers that keep their argument struct. */
  function(name: EntryName): Native {
    let native = this.functions.get(name)
    if (!native) {
      if (!this.has(name)) {
        throw new PjrtError(
          name,
          'UNIMPLEMENTED',
          `not supported by the plugin ${this.path}, PJRT API ${this.apiVersion.join('.')}`,
        )
      }
      native = koffi.decode(this.table[entries[name].slot >> 3], prototype) as Native
      this.functions.set(name, native)
    }
    return native
  }

  /**
   * One call: fills the struct, calls, throws the error if there is one, and gives the struct back to read results
   * from.
   */
  call<E extends EntryName>(name: E, values: Values<E>): Struct<Arguments<E>> {
    const argument = new Struct<Arguments<E>>(entries[name], values)
    this.check(name, this.invoke(this.function(name), argument))
    return argument
  }

  /** As `call`, on a thread of Node's pool, without blocking the event loop. Costs about 50 us. */
  async callAsync<E extends EntryName>(name: E, values: Values<E>): Promise<Struct<Arguments<E>>> {
    const argument = new Struct<Arguments<E>>(entries[name], values)
    const native = this.function(name)
    const error = await new Promise<bigint | null>((resolve, reject) => {
      native.async(argument.address, (failure, result) => {
        held = argument // which keeps the struct, and what it points to, reachable until native code is done
        if (failure) reject(failure)
        else resolve(result)
      })
    })
    this.check(name, error)
    return argument
  }

  private invoke(native: Native, argument: Struct): bigint | null {
    held = argument
    return native(argument.address)
  }

  /** Throws the error that a call returned, and frees it. */
  check(name: EntryName, error: bigint | null): void {
    if (error !== null) throw this.takeError(name, error)
  }

  takeError(name: EntryName, error: bigint): PjrtError {
    const message = new Struct(entries.Error_Message, { error })
    this.function('Error_Message')(message.address)
    const detail = message.text('message', 'message_size')
    const code = new Struct(entries.Error_GetCode, { error })
    this.invoke(this.function('Error_GetCode'), code)
    this.invoke(this.function('Error_Destroy'), new Struct(entries.Error_Destroy, { error }))
    // The CPU plugin of API 0.81 wraps this one as INTERNAL.
    const outOfMemory = detail.includes('Out of memory allocating')
    return new PjrtError(name, outOfMemory ? 'RESOURCE_EXHAUSTED' : codeName(code.number('code')), detail)
  }
}

/**
 * The struct of the call being made: a native call gets a bare address, so something else has to keep the memory
 * alive.
 */
let held: unknown
void held

function openLibrary(path: string): LibraryHandle {
  try {
    const library = koffi.load(path)
    keepLoaded(path)
    return library
  } catch (failure) {
    const reason = (failure as Error).message
    throw new PjrtError(
      'GetPjrtApi',
      'INVALID_ARGUMENT',
      `cannot load ${path} on ${process.platform} ${process.arch}: ${reason}. ` +
        'Is it built for this platform, with its libraries beside it?',
    )
  }
}

function getApi(library: LibraryHandle, path: string): bigint {
  try {
    return library.func('void *GetPjrtApi()')()
  } catch {
    throw new PjrtError(
      'GetPjrtApi',
      'INVALID_ARGUMENT',
      `${path} must be a PJRT plugin (got a shared library without GetPjrtApi). ` +
        'Point PJRT_PLUGIN_LIBRARY_PATH at a plugin.',
    )
  }
}

function checkVersion([major, minor]: [number, number], path: string): void {
  if (major === 0 && minor >= OLDEST_MINOR) return
  throw new PjrtError(
    'GetPjrtApi',
    'UNIMPLEMENTED',
    `${path} must have PJRT API 0.${OLDEST_MINOR} or newer of major 0 (got ${major}.${minor}; tested with ${TESTED_MINORS}). ` +
      'Install another version of the plugin.',
  )
}
