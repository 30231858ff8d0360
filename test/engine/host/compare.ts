/** Engines that run the same programs. */
import { openXla, type Engine } from '../../../src/engine/index.js'
import { openHost } from '../../../src/engine/host/engine.js'
import { openTfjs } from '../../../src/engine/tfjs/engine.js'
import { QUICKLY } from '../xla/flags.js'

process.env.NEOMESH_CACHE = 'off'

const once = <T>(make: () => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

export const xla = once(() => openXla())
/** For programs that run once. */
export const plainXla = once(() => openXla({ flags: QUICKLY }))

/** The host's kernels; TensorFlow.js's in JavaScript, and in WebAssembly, which has its own memory. */
export const BACKENDS: Readonly<Record<string, () => Promise<Engine>>> = {
  host: once(async () => openHost()),
  tfjs: once(() => openTfjs()),
  wasm: once(async () => {
    await import('@tensorflow/tfjs-backend-wasm')
    return openTfjs({ backend: 'wasm' })
  }),
}
