/** What the engine uses of WebGPU (W3C, WebGPU, candidate recommendation), which TypeScript knows in browsers' programs only. */

export interface Gpu {
  requestAdapter(options?: { readonly powerPreference?: 'high-performance' | 'low-power' }): Promise<GpuAdapter | null>
}

export interface GpuAdapter {
  readonly info: {
    readonly vendor: string
    readonly architecture: string
    readonly description: string
    readonly isFallbackAdapter?: boolean
  }
  readonly limits: GpuLimits
  requestDevice(options: { readonly requiredLimits: Partial<Record<keyof GpuLimits, number>> }): Promise<GpuDevice>
}

/** In bytes where they are sizes. */
export interface GpuLimits {
  readonly maxStorageBuffersPerShaderStage: number
  readonly maxStorageBufferBindingSize: number
  readonly maxBufferSize: number
}

export interface GpuDevice {
  readonly limits: GpuLimits
  readonly lost: Promise<{ readonly message: string }>
  readonly queue: GpuQueue
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null
  createBuffer(options: { readonly size: number; readonly usage: number }): GpuBuffer
  createShaderModule(options: { readonly code: string }): object
  createComputePipelineAsync(options: {
    readonly layout: 'auto'
    readonly compute: { readonly module: object; readonly entryPoint: string }
  }): Promise<GpuPipeline>
  createBindGroup(options: {
    readonly layout: object
    readonly entries: readonly { readonly binding: number; readonly resource: { readonly buffer: GpuBuffer } }[]
  }): object
  createCommandEncoder(): GpuCommandEncoder
  destroy(): void
}

export interface GpuQueue {
  submit(commands: readonly object[]): void
  writeBuffer(buffer: GpuBuffer, at: number, data: ArrayBufferView): void
  onSubmittedWorkDone(): Promise<void>
}

export interface GpuBuffer {
  readonly size: number
  mapAsync(mode: number): Promise<void>
  getMappedRange(): ArrayBuffer
  unmap(): void
  destroy(): void
}

export interface GpuPipeline {
  getBindGroupLayout(index: number): object
}

export interface GpuCommandEncoder {
  beginComputePass(): GpuComputePass
  copyBufferToBuffer(from: GpuBuffer, fromAt: number, to: GpuBuffer, toAt: number, bytes: number): void
  finish(): object
}

export interface GpuComputePass {
  setPipeline(pipeline: GpuPipeline): void
  setBindGroup(index: number, group: object): void
  dispatchWorkgroups(x: number, y: number, z: number): void
  end(): void
}

/** Flags of GPUBufferUsage and GPUMapMode. */
export const USAGE = { mapRead: 1, copySource: 4, copyDestination: 8, storage: 128 } as const
export const MAP_READ = 1
