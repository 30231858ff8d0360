import { openXla, type XlaEngine, type XlaOptions } from '../../src/engine/index.js'
import type { LayerMode } from '../../src/model/index.js'
import type { Workshop } from './case-file.js'

/** Opens engines of a platform when they are asked for. `flags` are XLA's. */
export function openWorkshop(
  layers: LayerMode,
  flags: XlaOptions['flags'] = {},
  platform: XlaOptions['platform'] = 'cpu',
): Workshop & { close(): Promise<void> } {
  const engines = new Map<number, Promise<XlaEngine>>()
  return {
    layers,
    engine(devices = 1) {
      const opened = engines.get(devices) ?? openXla({ platform, deviceCount: devices, flags })
      engines.set(devices, opened)
      return opened
    },
    async close() {
      for (const engine of engines.values()) await (await engine).close()
    },
  }
}
