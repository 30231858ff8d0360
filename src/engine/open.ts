import { EngineError, type Engine } from './engine.js'
import { findPlugin, openXla, PluginNotFoundError } from '#xla'
import { runtime } from '../runtime/index.js'
import type { Platform } from './xla/plugins.js'
import type { KeyValues } from './xla/pjrt/index.js'

export const ENGINES = ['xla', 'host', 'tfjs-node', 'tfjs-node-gpu'] as const
/** Those that a command can have, and the one that needs a browser. */
export type EngineName = (typeof ENGINES)[number] | 'webgpu'

/** What the engine on our own JavaScript kernels was called before it was `host`. */
export const FORMER_HOST = 'tfjs'

export interface OpenOptions {
  /** `tfjs` is the former name of `host`. @default xla where there is a PJRT plugin for the CPU; else webgpu where a GPU proves right and faster; else host */
  readonly engine?: EngineName | typeof FORMER_HOST
  /** Where XLA runs programs. @default cpu */
  readonly device?: Platform
  /** File of a compiled step, for XLA. */
  readonly compiled?: string
  /** The store of a run over several hosts, for XLA on GPUs: the engine then has the devices of all of them. */
  readonly keyValues?: KeyValues
  /** @default 1 */
  readonly deviceCount?: number
  /** Most threads of the engine `host`, whose numbers do not depend on it; others choose by themselves. @default the cores, at most 4 */
  readonly threads?: number
  /** Called with one line, what was chosen and why, when no engine was asked for and XLA is not available. */
  readonly onFallback?: (reason: string) => void
}

const IN_BROWSER = (description: string) =>
  `a browser cannot load XLA, which is native code; using the engine ${description}`
const NO_PLUGIN = (description: string) =>
  `no PJRT plugin found; falling back to the engine ${description}, which is slower (\`neomesh doctor\` says how to install one)`

/** Starts the engine that runs programs here. Throws PluginNotFoundError, EngineError. */
export async function openEngine(options: OpenOptions = {}): Promise<Engine> {
  const { engine, device, compiled, deviceCount = 1, onFallback, keyValues, threads } = options
  const asked = engine === FORMER_HOST ? 'host' : engine
  const name = asked ?? (device === undefined && !hasPlugin() ? 'host' : 'xla')
  if (name === 'xla') return openXla({ platform: device ?? 'cpu', deviceCount, compiled, keyValues })
  if (device !== undefined)
    throw new EngineError(
      `device must be left out with the engine ${name} (got ${device}): it is where XLA runs programs`,
    )
  if (deviceCount > 1)
    throw new EngineError(`the engine ${name} must have 1 device (got ${deviceCount}). Use the engine xla.`)
  // Loaded only where they are used.
  if (name === 'webgpu') return (await import('./webgpu/engine.js')).openWebGpu()
  if (name === 'host') {
    const opened = (await import('./host/engine.js')).openHost({ threads })
    if (asked !== undefined) return opened
    const choice = runtime.kind === 'browser' && hasWebGpu() ? await tryWebGpu(opened) : null
    const { description } = choice?.engine ?? opened
    const why = (runtime.kind === 'browser' ? IN_BROWSER : NO_PLUGIN)(description)
    onFallback?.(choice ? `${why} (${choice.reason})` : why)
    if (!choice?.engine) return opened
    await opened.close()
    return choice.engine
  }
  return (await import('#tfjs-native')).openNative(`@tensorflow/${name}`)
}

const hasWebGpu = () => 'gpu' in ((globalThis as { navigator?: object }).navigator ?? {})

const tryWebGpu = async (other: Engine) => (await import('./webgpu/choose.js')).chooseWebGpu(other)

/** Whether there is a plugin for the CPU. A missing file that PJRT_PLUGIN_LIBRARY_PATH names stays an error. */
function hasPlugin(): boolean {
  try {
    findPlugin('cpu')
    return true
  } catch (error) {
    if (!(error instanceof PluginNotFoundError) || error.looked[0]?.startsWith('PJRT_PLUGIN')) throw error
    return false
  }
}
