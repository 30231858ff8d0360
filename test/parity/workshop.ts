import { openXla, type XlaEngine } from '../../src/engine/index.js'
import type { LayerMode } from '../../src/model/index.js'
import type { Workshop } from './case-file.js'

/** Opens engines when they are asked for. */
export function openWorkshop(layers: LayerMode): Workshop & { close(): Promise<void> } {
  const engines = new Map<number, Promise<XlaEngine>>()
  return {
    layers,
    engine(devices = 1) {
      const opened = engines.get(devices) ?? openXla({ deviceCount: devices })
      engines.set(devices, opened)
      return opened
    },
    async close() {
      for (const engine of engines.values()) await (await engine).close()
    },
  }
}
