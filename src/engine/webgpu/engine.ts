import { EngineError } from '../engine.js'
import { Interpreter } from '../host/interpreter.js'
import type { Gpu, GpuAdapter } from './api.js'
import { GpuMemory, type GpuArray } from './memory.js'
import { Queue } from './queue.js'

/**
 * The engine on a GPU through WebGPU, where the browser has it: programs as WGSL, elementwise operations fused as on the engine `host`.
 * `given` is a GPU that was found already. Throws EngineError where there is no WebGPU or no GPU.
 */
export async function openWebGpu(given?: GpuAdapter): Promise<WebGpuEngine> {
  const adapter = given ?? (await findAdapter())
  const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize } = adapter.limits
  const device = await adapter.requestDevice({
    requiredLimits: { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize },
  })
  return new WebGpuEngine(adapter, new GpuMemory(new Queue(device)))
}

/** The browser's GPU. Throws EngineError where there is none. */
export async function findAdapter(): Promise<GpuAdapter> {
  const { gpu } = (globalThis as { navigator?: { gpu?: Gpu } }).navigator ?? {}
  if (!gpu)
    throw new EngineError(
      'the engine webgpu must run where there is WebGPU: Chrome, Edge, Safari or Firefox, on a page over https. Use the engine host.',
    )
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter)
    throw new EngineError(
      'the engine webgpu must have a GPU that the browser allows (chrome://gpu says why not). Use the engine host.',
    )
  return adapter
}

export class WebGpuEngine extends Interpreter<GpuArray, GpuMemory> {
  constructor(
    readonly adapter: Pick<GpuAdapter, 'info'>,
    memory: GpuMemory,
  ) {
    const { vendor, architecture, description } = adapter.info
    const gpu = description || [vendor, architecture].filter(Boolean).join(' ') || 'unknown'
    super('webgpu', `webgpu on ${gpu}`, 'webgpu', memory)
  }

  override async close(): Promise<void> {
    await super.close()
    this.memory.queue.end()
  }
}
