/**
 * The store through which clients of several processes find each other, given to a plugin as three callbacks. The plugin
 * calls them on threads of its own while it makes the client and when NCCL makes communicators; koffi runs them on the
 * JavaScript thread, so the call that makes the client must be an asynchronous one.
 * Source: xla/pjrt/c/pjrt_c_api.h (PJRT_KeyValueGetCallback and its like).
 */
import { koffi } from '../../../files/koffi.js'
import { structs } from './abi.js'
import { bytesAt, pinText, textAt, type Layout } from './memory.js'

/** A store of all processes of a run. Each call blocks until it is done; what they throw is the plugin's error. */
export interface KeyValues {
  /** Number of this process, from 0. */
  readonly host: number
  readonly hosts: number
  put(key: string, value: Uint8Array): void
  /** The value, waited for up to `timeout` ms; null if there is none by then. */
  get(key: string, timeout?: number): Uint8Array | null
}

/** absl::StatusCode */
const CODES = { internal: 13, notFound: 5, deadline: 4 }

const callback = koffi.proto('void *PjrtKeyValueCallback(void *)')
const makeError = koffi.proto('void *PjrtCallbackError(int, void *, size_t)')

export interface Callbacks {
  readonly get: bigint
  readonly tryGet: bigint
  readonly put: bigint
  /** Once the client has ended. */
  release(): void
}

/** Native functions that ask the store. */
export function keyValueCallbacks(store: KeyValues): Callbacks {
  const { malloc, free } = memory()
  const give = (args: Fields, value: Uint8Array) => {
    // The plugin frees it with the deleter that it is given.
    const address = malloc(Math.max(1, value.byteLength))
    new Uint8Array(koffi.view(address, Math.max(1, value.byteLength))).set(value)
    args.set('value', address)
    args.set('value_size', BigInt(value.byteLength))
    args.set('value_deleter', free)
  }
  const get = (args: Fields) => {
    const key = args.text('key', 'key_size')
    const timeout = args.int32('timeout_ms')
    const value = store.get(key, timeout)
    if (value === null) return args.error(CODES.deadline, `no value for ${key} within ${timeout} ms`)
    return give(args, value)
  }
  const tryGet = (args: Fields) => {
    const key = args.text('key', 'key_size')
    const value = store.get(key)
    if (value === null) return args.error(CODES.notFound, `no value for ${key}`)
    return give(args, value)
  }
  const put = (args: Fields) =>
    store.put(args.text('key', 'key_size'), bytesAt(args.word('value'), Number(args.word('value_size'))))

  const functions = [
    registered(structs.KeyValueGet, get),
    registered(structs.KeyValueTryGet, tryGet),
    registered(structs.KeyValuePut, put),
  ]
  const [first, second, third] = functions.map((each) => koffi.address(each))
  return { get: first, tryGet: second, put: third, release: () => functions.forEach((each) => koffi.unregister(each)) }
}

function registered(layout: Layout, answer: (args: Fields) => bigint | void) {
  return koffi.register((address: bigint) => {
    const args = new Fields(address, layout)
    try {
      return answer(args) ?? null
    } catch (error) {
      return args.error(CODES.internal, (error as Error).message)
    }
  }, koffi.pointer(callback))
}

/** The fields of a struct of the plugin's. */
class Fields {
  private readonly words: BigUint64Array
  private readonly view: DataView

  constructor(
    address: bigint,
    private readonly layout: Layout,
  ) {
    const bytes = koffi.view(address, layout.size)
    this.words = new BigUint64Array(bytes, 0, layout.size >> 3)
    this.view = new DataView(bytes)
  }

  word(name: string): bigint {
    return this.words[(this.layout.fields[name] as number) >> 3]
  }

  int32(name: string): number {
    return this.view.getInt32((this.layout.fields[name] as { offset: number }).offset, true)
  }

  set(name: string, value: bigint): void {
    this.words[(this.layout.fields[name] as number) >> 3] = value
  }

  text(pointer: string, size: string): string {
    return textAt(this.word(pointer), Number(this.word(size)))
  }

  /** An error of the plugin's own making; the field points to the function's pointer. */
  error(code: number, message: string): bigint {
    const [make] = new BigUint64Array(koffi.view(this.word('callback_error'), 8))
    const text = pinText(message)
    return (koffi.decode(make, makeError) as (code: number, text: bigint, size: number) => bigint)(
      code,
      text.address,
      text.array.byteLength,
    )
  }
}

interface Memory {
  malloc(size: number): bigint
  /** Address of the C library's free. */
  readonly free: bigint
}
let libc: Memory | undefined

function memory(): Memory {
  if (libc) return libc
  const library = koffi.load(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6')
  const malloc = library.func('void *malloc(size_t)') as unknown as Memory['malloc']
  return (libc = { malloc, free: koffi.address(library.symbol('free')) })
}
