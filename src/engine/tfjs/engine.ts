import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { EngineError } from '../engine.js'
import { Interpreter } from '../host/interpreter.js'
import { Backend } from './backend.js'

export interface TfjsOptions {
  /**
   * A backend that is registered with tfjs: importing its package does that. `cpu` is always there.
   * @default 'cpu'
   */
  readonly backend?: string
  /** What the backend computes on, if that is not the CPU. @default 'cpu' */
  readonly platform?: string
}

/** The engine on kernels of TensorFlow.js. Throws EngineError where there is no backend of this name, or it does not start. */
export async function openTfjs({ backend = 'cpu', platform = 'cpu' }: TfjsOptions = {}): Promise<TfjsEngine> {
  const native = tf.findBackend(backend) ?? (await start(backend))
  // On its first use the cpu backend would advise to install another one.
  if (backend === 'cpu') Object.assign(native, { firstUse: false })
  return new TfjsEngine(new Backend(backend, native), platform)
}

/** Some backends start asynchronously, which tfjs does only for the one that is to be its current one. */
async function start(name: string): Promise<tf.KernelBackend> {
  if (!tf.findBackendFactory(name)) {
    const known = Object.keys(tf.engine().registryFactory).join(', ')
    throw new EngineError(
      `the TensorFlow.js backend must be one of ${known} (got "${name}"). Import the package that has it.`,
    )
  }
  const before = tf.getBackend()
  const started = await tf.setBackend(name)
  if (before) await tf.setBackend(before)
  if (!started) throw new EngineError(`the TensorFlow.js backend "${name}" does not start on this machine`)
  return tf.findBackend(name)
}

export class TfjsEngine extends Interpreter<tf.Tensor, Backend> {
  constructor(backend: Backend, platform: string) {
    super('tfjs', `tfjs on ${backend.name} (TensorFlow.js ${tf.version_core})`, platform, backend)
  }
}
