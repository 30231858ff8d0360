/**
 * The callbacks of a key-value store, called as a plugin does: with its structs, on a thread that is not JavaScript's. The
 * C library's qsort, started by an asynchronous call, is that stranger: it calls its comparison with addresses of elements,
 * which here are the structs.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { koffi } from '../../../../src/files/koffi.js'
import { structs } from '../../../../src/engine/xla/pjrt/abi.js'
import { keyValueCallbacks, type KeyValues } from '../../../../src/engine/xla/pjrt/key-values.js'
import { bytesAt, pin, pinText, type Layout } from '../../../../src/engine/xla/pjrt/memory.js'

const skip = process.platform !== 'linux' && 'no glibc'

const libc = skip ? null : koffi.load('libc.so.6')

/** Calls a callback with two structs of a layout, the first filled with `words`, on a foreign thread. */
async function call(address: bigint, { size, fields }: Layout, words: Record<string, bigint>, timeout = 0) {
  const stride = Math.ceil(size / 8) * 8
  const both = new ArrayBuffer(2 * stride)
  const view = new DataView(both)
  for (const start of [0, stride]) {
    view.setBigUint64(start, BigInt(size), true)
    for (const [name, word] of Object.entries(words)) view.setBigUint64(start + (fields[name] as number), word, true)
    if (fields.timeout_ms) view.setInt32(start + (fields.timeout_ms as { offset: number }).offset, timeout, true)
  }
  const sort = libc!.func('void qsort(void *, size_t, size_t, void *)')
  await new Promise<void>((resolve, reject) =>
    sort.async(koffi.address(both), 2, stride, address, (error: Error | null) => (error ? reject(error) : resolve())),
  )
  const word = (name: string) => view.getBigUint64(fields[name] as number, true)
  return { word, value: () => bytesAt(word('value'), Number(word('value_size'))) }
}

test('get, try_get and put with the structs of a plugin, on a thread of its own', { skip }, async () => {
  const values = new Map<string, Uint8Array>()
  const asked: [string, number | undefined][] = []
  const store: KeyValues = {
    host: 0,
    hosts: 2,
    put: (key, value) => void values.set(key, value),
    get(key, timeout) {
      asked.push([key, timeout])
      if (key === 'broken') throw new Error('host 1 is lost')
      return values.get(key) ?? null
    },
  }
  const errors: [number, string][] = []
  const makeError = koffi.register(
    (code: number, message: bigint, size: number) => {
      errors.push([code, new TextDecoder().decode(bytesAt(message, Number(size)))])
      return 0n
    },
    koffi.pointer(koffi.proto('void *TestCallbackError(int, void *, size_t)')),
  )
  const callbackError = pin(BigUint64Array.of(koffi.address(makeError)))
  const callbacks = keyValueCallbacks(store)
  const text = (field: string, given: string) => {
    const block = pinText(given)
    return [block, { [field]: block.address, [`${field}_size`]: BigInt(block.array.byteLength) }] as const
  }
  const [key, keyWords] = text('key', 'local_topology:0')
  const [value, valueWords] = text('value', 'h\u00e9 \0 bytes')
  const common = { ...keyWords, callback_error: callbackError.address }

  await call(callbacks.tryGet, structs.KeyValueTryGet, common)
  await call(callbacks.get, structs.KeyValueGet, common, 1500)
  assert.deepEqual(asked[0], ['local_topology:0', undefined])
  assert.deepEqual(asked.at(-1), ['local_topology:0', 1500])
  assert.deepEqual(errors[0], [5, 'no value for local_topology:0'])
  assert.deepEqual(errors.at(-1), [4, 'no value for local_topology:0 within 1500 ms'])

  await call(callbacks.put, structs.KeyValuePut, { ...common, ...valueWords })
  assert.deepEqual(Buffer.from(values.get('local_topology:0')!), Buffer.from(value.array))
  const count = errors.length
  for (const [callback, layout] of [
    [callbacks.get, structs.KeyValueGet],
    [callbacks.tryGet, structs.KeyValueTryGet],
  ] as const) {
    const found = await call(callback, layout, common, 10)
    assert.deepEqual(Buffer.from(found.value()), Buffer.from(value.array))
    // The plugin frees the value with it.
    libc!.func('void free(void *)')(found.word('value'))
    assert.equal(found.word('value_deleter'), koffi.address(libc!.symbol('free')))
  }
  assert.equal(errors.length, count)

  const [broken, brokenWords] = text('key', 'broken')
  await call(callbacks.tryGet, structs.KeyValueTryGet, { ...common, ...brokenWords })
  assert.deepEqual(errors.at(-1), [13, 'host 1 is lost'])
  callbacks.release()
  koffi.unregister(makeError)
  void [key, broken]
})
