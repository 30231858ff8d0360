import { EngineError } from '../engine.js'
import { MAP_READ, USAGE } from './api.js'
import type { GpuBuffer, GpuCommandEncoder, GpuComputePass, GpuDevice, GpuPipeline } from './api.js'

/** A compute shader, and over how many workgroups it runs. */
export interface Shader {
  /** WGSL whose entry point is `main` and whose bindings of group 0 are the buffers, in order. */
  readonly code: string
  readonly workgroups: readonly [number, number, number]
}

/** A shader that is compiled, or being compiled. */
export interface Pipeline {
  ready: GpuPipeline | null
}

/** Commands that are recorded before they are handed to the device: so that it begins early, and no browser takes it for hung. */
const MOST_RECORDED = 64

/** A device's queue: shaders are compiled once for each text, commands run in the order in which they are given. */
export class Queue {
  private readonly pipelines = new Map<string, Pipeline>()
  private compiling: Promise<unknown>[] = []
  private encoder: GpuCommandEncoder | null = null
  private pass: GpuComputePass | null = null
  private recorded = 0
  private failure: EngineError | null = null
  private ended = false

  constructor(readonly device: GpuDevice) {
    void device.lost.then(({ message }) => {
      if (!this.ended) this.fail(`the GPU must stay with the page (its driver or the browser took it back: ${message})`)
    })
    device.onuncapturederror = ({ error }) => this.fail(`the GPU refused a command: ${error.message}`)
  }

  /** Begins to compile a shader. */
  pipeline(code: string): Pipeline {
    const known = this.pipelines.get(code)
    if (known) return known
    const made: Pipeline = { ready: null }
    this.pipelines.set(code, made)
    const module = this.device.createShaderModule({ code })
    const compiled = this.device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } })
    this.compiling.push(compiled.then((pipeline) => (made.ready = pipeline)))
    return made
  }

  /** Waits until all shaders are compiled. Throws EngineError for one that the GPU's compiler refuses. */
  async compiled(): Promise<void> {
    const waiting = this.compiling
    this.compiling = []
    try {
      await Promise.all(waiting)
    } catch (cause) {
      throw new EngineError(`the GPU's compiler refused a shader: ${String(cause)}. Use the engine host.`, { cause })
    }
  }

  run({ ready }: Pipeline, [x, y, z]: Shader['workgroups'], buffers: readonly GpuBuffer[]): void {
    if (!ready) throw new Error('a shader runs before it is compiled')
    this.pass ??= this.commands().beginComputePass()
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }))
    this.pass.setPipeline(ready)
    this.pass.setBindGroup(0, this.device.createBindGroup({ layout: ready.getBindGroupLayout(0), entries }))
    this.pass.dispatchWorkgroups(x, y, z)
    this.count()
  }

  copy(from: GpuBuffer, fromAt: number, to: GpuBuffer, toAt: number, bytes: number): void {
    this.endPass()
    this.commands().copyBufferToBuffer(from, fromAt, to, toAt, bytes)
    this.count()
  }

  /** Writes to a buffer, after the commands given so far. */
  write(buffer: GpuBuffer, data: ArrayBufferView): void {
    this.submit()
    this.device.queue.writeBuffer(buffer, 0, data)
  }

  /** The first bytes of a buffer as they are after the commands given so far. Throws EngineError if one of them failed. */
  async read(buffer: GpuBuffer, bytes: number): Promise<ArrayBuffer> {
    const size = Math.max(4, bytes)
    const staging = this.device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyDestination })
    this.copy(buffer, 0, staging, 0, size)
    this.submit()
    try {
      await staging.mapAsync(MAP_READ)
    } catch (cause) {
      this.check()
      throw new EngineError(`numbers must be readable from the GPU: ${String(cause)}`, { cause })
    }
    this.check()
    const copy = staging.getMappedRange().slice(0, bytes)
    staging.unmap()
    staging.destroy()
    return copy
  }

  /** Hands over what is recorded. */
  submit(): void {
    if (!this.encoder) return
    this.endPass()
    this.device.queue.submit([this.encoder.finish()])
    this.encoder = null
    this.recorded = 0
  }

  async done(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone()
    this.check()
  }

  /** Throws EngineError if the device is lost, or an earlier command failed. */
  check(): void {
    if (this.failure) throw this.failure
  }

  end(): void {
    this.ended = true
    this.device.destroy()
  }

  private commands(): GpuCommandEncoder {
    return (this.encoder ??= this.device.createCommandEncoder())
  }

  private endPass(): void {
    this.pass?.end()
    this.pass = null
  }

  private count(): void {
    if (++this.recorded >= MOST_RECORDED) this.submit()
  }

  private fail(what: string): void {
    this.failure ??= new EngineError(`${what}. Open the engine again, or use the engine host.`)
  }
}
