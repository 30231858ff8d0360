/** A client: the devices of one plugin in this process, and everything that lives on them. */
import { availableParallelism } from 'node:os'
import { entries } from './abi.js'
import { Buffer, type BufferHandle } from './buffer.js'
import { compileArguments, type CompileOptions } from './compile-options.js'
import { readDevice, readDeviceMemory, type Device, type DeviceMemory } from './device.js'
import { byteLength, describe, elementTypeNumber, type ElementType } from './element-type.js'
import { PjrtError } from './error.js'
import { Events } from './event.js'
import { Executable } from './executable.js'
import type { Execution } from './execution.js'
import { closeAtExit, closedBefore, reserveThreads } from './process.js'
import { closed, opened } from './handles.js'
import { keyValueCallbacks, type KeyValues } from './key-values.js'
import { pin, pinWords, Struct } from './memory.js'
import { writeNamedValues, type NamedValue } from './named-values.js'
import type { Plugin } from './plugin.js'

export class Client {
  readonly events: Events
  /** As in `cpu`, `cuda`, `tpu`. */
  readonly platform: string
  readonly platformVersion: string
  /** This process among those that run programs together. */
  readonly processIndex: number
  /** All devices, those of other processes among them: the same list in each process. */
  readonly devices: readonly Device[]
  /** Devices of this process. */
  readonly addressable: readonly Device[]
  readonly buffers = new Set<BufferHandle>()
  readonly executables = new Set<Executable>()
  /** Executions whose events are not awaited, oldest first. */
  readonly executions = new Set<Execution>()
  private readonly byAddress: Map<bigint, Device>
  private readonly pending = new Set<Promise<unknown>>()
  private readonly destroyCall = new Struct(entries.Buffer_Destroy)
  private alive = true

  /**
   * Starts the plugin's runtime.
   * @param store of a run of several processes, through which their clients find each other
   * @param options by platform: `cpu_device_count` (virtual devices) on CPU; `memory_fraction`, `preallocate` on CUDA
   */
  static async create(
    plugin: Plugin,
    options: Record<string, NamedValue> = {},
    store: KeyValues | null = null,
  ): Promise<Client> {
    if (typeof options.cpu_device_count === 'number') reserveThreads(options.cpu_device_count, availableParallelism())
    const list = writeNamedValues(store ? { ...options, node_id: store.host, num_nodes: store.hosts } : options)
    // Communicators are made with these later, too, so they live as long as the process.
    const callbacks = store && keyValueCallbacks(store)
    const call = await plugin.callAsync('Client_Create', {
      create_options: list,
      num_options: list.count,
      ...(callbacks && { kv_get: callbacks.get, kv_try_get: callbacks.tryGet, kv_put: callbacks.put }),
    })
    return new Client(plugin, call.word('client'))
  }

  private constructor(
    readonly plugin: Plugin,
    private readonly handle: bigint,
  ) {
    opened('client')
    this.events = new Events(plugin)
    const client = { client: handle }
    this.platform = plugin.call('Client_PlatformName', client).text('text', 'text_size')
    this.processIndex = plugin.call('Client_ProcessIndex', client).number('process_index')
    this.platformVersion = plugin.call('Client_PlatformVersion', client).text('text', 'text_size')
    const list = (entry: 'Client_Devices' | 'Client_AddressableDevices') =>
      plugin.call(entry, client).list('devices', 'num_devices')
    this.devices = list('Client_Devices').map((device) => readDevice(plugin, device))
    const here = new Set(list('Client_AddressableDevices'))
    this.addressable = this.devices.filter(({ address }) => here.has(address))
    this.byAddress = new Map(this.devices.map((device) => [device.address, device]))
    closeAtExit(this)
  }

  get isClosed(): boolean {
    return !this.alive
  }

  deviceAt(address: bigint): Device {
    return this.byAddress.get(address)!
  }

  /**
   * Compiles a module in StableHLO text, or an HloModuleProto, on a thread.
   * @throws PjrtError INVALID_ARGUMENT with XLA's message; RESOURCE_EXHAUSTED when it cannot fit the device
   */
  async compile(program: string | Uint8Array, options: CompileOptions = {}): Promise<Executable> {
    this.checkOpen('Client_Compile')
    const argument = { client: this.handle, ...compileArguments(program, options) }
    const call = await this.track(this.plugin.callAsync('Client_Compile', argument))
    return new Executable(this, call.word('executable'))
  }

  /**
   * Loads what `Executable.serialize` gave. It must come from the same plugin, platform and kind of CPU. This
   * is not checked: an incompatible program can crash the process.
   */
  async deserialize(bytes: Uint8Array): Promise<Executable> {
    this.checkOpen('Executable_DeserializeAndLoad')
    const call = await this.track(
      this.plugin.callAsync('Executable_DeserializeAndLoad', {
        client: this.handle,
        serialized_executable: pin(bytes),
        serialized_executable_size: bytes.byteLength,
      }),
    )
    return new Executable(this, call.word('loaded_executable'))
  }

  /**
   * Copies an array to a device; the data may change as soon as this returns.
   * @param data row-major, without padding; `bool` is a byte of 0 or 1, `bf16` and `f16` two bytes
   */
  upload(data: ArrayBufferView, dtype: ElementType, shape: readonly number[], device = this.addressable[0]): Buffer {
    const entry = 'Client_BufferFromHostBuffer'
    this.checkOpen(entry)
    this.checkDevice(entry, device)
    const size = byteLength({ dtype, shape })
    if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) || !Number.isFinite(size)) {
      throw new PjrtError(
        entry,
        'INVALID_ARGUMENT',
        `an array must have an element type and integer sizes >= 0 (got ${dtype} [${shape.join(', ')}])`,
      )
    }
    if (data.byteLength !== size) {
      throw new PjrtError(
        entry,
        'INVALID_ARGUMENT',
        `${describe({ dtype, shape })} must be given ${size} bytes (got ${data.byteLength})`,
      )
    }
    const call = this.plugin.call(entry, {
      client: this.handle,
      data: pin(size > 0 ? data : new Uint8Array(1)),
      type: elementTypeNumber(dtype),
      dims: pinWords(shape),
      num_dims: shape.length,
      host_buffer_semantics: IMMUTABLE_ONLY_DURING_CALL,
      device: device.address,
    })
    const buffer = new Buffer(this, device, { dtype, shape: [...shape] }, call.word('buffer'))
    const error = this.events.take(this.events.own(call.word('done_with_host_buffer')), entry)
    if (error) throw error
    return buffer
  }

  private checkDevice(entry: string, device: Device): void {
    if (this.addressable.includes(device)) return
    throw new PjrtError(
      entry,
      'INVALID_ARGUMENT',
      `device ${device.description} is not of this process, which has ` +
        this.addressable.map(({ description }) => description).join(', '),
    )
  }

  /** Memory of a device in bytes, or null where the plugin does not count it (CPU). */
  memoryStats(device: Device): DeviceMemory | null {
    if (!this.plugin.has('Device_MemoryStats')) return null
    try {
      return readDeviceMemory(this.plugin, device.address)
    } catch (error) {
      if (error instanceof PjrtError && error.code === 'UNIMPLEMENTED') return null
      throw error
    }
  }

  /** Waits for what runs, then frees everything: buffers and executables first, as plugins require. */
  async close(): Promise<void> {
    if (!this.alive) return
    await Promise.allSettled([...this.pending, ...[...this.executions].map((execution) => execution.done)])
    this.closeSync()
  }

  /** As `close`, blocking: for the end of the process. */
  closeSync(): void {
    if (!this.alive) return
    this.alive = false
    closedBefore(this)
    this.events.blockUntilIdle()
    for (const execution of this.executions) execution.block()
    for (const buffer of this.buffers) buffer.destroy()
    for (const executable of this.executables) executable.dispose()
    // A compilation cannot be stopped; at the end of the process it keeps its client.
    if (this.pending.size > 0) return
    this.plugin.call('Client_Destroy', { client: this.handle })
    closed('client')
  }

  /** Frees the events of executions that are over, oldest first, as far as they are. */
  sweep(): void {
    for (const execution of this.executions) if (!execution.reap()) return
  }

  destroyBuffer(address: bigint): void {
    this.destroyCall.set({ buffer: address })
    this.plugin.check('Buffer_Destroy', this.plugin.function('Buffer_Destroy')(this.destroyCall.address))
  }

  async track<T>(work: Promise<T>): Promise<T> {
    this.pending.add(work)
    try {
      return await work
    } finally {
      this.pending.delete(work)
    }
  }

  private checkOpen(entry: string): void {
    if (!this.alive) throw new PjrtError(entry, 'FAILED_PRECONDITION', 'the client was closed')
  }
}

/** PJRT_HostBufferSemantics: the plugin has copied the data when the call returns. */
const IMMUTABLE_ONLY_DURING_CALL = 0
