/** A program compiled for devices of a client and loaded on them. */
import { Buffer } from './buffer.js'
import type { Client } from './client.js'
import { CompiledProgram, type CostAnalysis, type ProgramMemory } from './compiled.js'
import type { Device } from './device.js'
import { checkArguments } from './check-arguments.js'
import type { Spec } from './element-type.js'
import { PjrtError } from './error.js'
import { ExecuteCall } from './execute-call.js'
import { Execution } from './execution.js'
import { closed, opened } from './handles.js'

export class Executable {
  /** Devices in the order of the rows that `execute` takes and gives: that of the mesh. */
  readonly devices: readonly Device[]
  /** Per device, in the program's order. */
  readonly parameters: readonly Spec[]
  /** Indices of the parameters whose memory the program takes over. */
  readonly donated: readonly number[]
  /** Per device, in the program's order. */
  readonly outputs: readonly Spec[]
  private readonly program: CompiledProgram
  private readonly call: ExecuteCall
  private readonly running = new Set<Execution>()
  private disposed = false
  private alive = true

  /** @param handle a PJRT_LoadedExecutable, owned from now on */
  constructor(
    readonly client: Client,
    private readonly handle: bigint,
  ) {
    const { plugin } = client
    opened('executable')
    client.executables.add(this)
    this.devices = plugin
      .call('LoadedExecutable_AddressableDevices', { executable: handle })
      .list('devices', 'num_devices')
      .map((address) => client.deviceAt(address))
    const executable = plugin.call('LoadedExecutable_GetExecutable', { loaded_executable: handle }).word('executable')
    this.program = new CompiledProgram(plugin, executable)
    this.outputs = this.program.outputs()
    const { parameters, donated } = this.program.signature()
    this.parameters = parameters
    this.donated = donated
    this.call = new ExecuteCall(plugin, handle, this.devices.length, parameters.length, this.outputs.length)
  }

  /**
   * Starts the program and returns at once; very small programs, though, run within the call.
   * @param rows arguments by device (in the order of `devices`), then by parameter. Donated ones are no longer usable
   * @throws PjrtError for arguments that do not fit, before anything runs
   */
  execute(rows: readonly (readonly Buffer[])[]): Execution {
    const entry = 'LoadedExecutable_Execute'
    if (this.disposed) throw new PjrtError(entry, 'FAILED_PRECONDITION', 'the executable was disposed of')
    this.client.sweep()
    checkArguments(this, rows)
    for (const [device, row] of rows.entries()) {
      for (let i = 0; i < row.length; i++) this.call.setInput(device, i, row[i].address(entry))
    }
    try {
      this.call.run()
    } catch (error) {
      for (const row of rows) for (const i of this.donated) if (row[i].wasTaken()) row[i].markDonated()
      throw error
    }
    for (const row of rows) for (const i of this.donated) row[i].markDonated()
    const outputs = this.devices.map((device, row) =>
      this.outputs.map((spec, i) => new Buffer(this.client, device, spec, this.call.output(row, i))),
    )
    const events = this.devices.map((_, row) => this.client.events.own(this.call.event(row)))
    return new Execution(this, outputs, events)
  }

  memoryStats(): ProgramMemory {
    return this.program.memoryStats()
  }

  /** XLA's estimates, or null where the plugin has none (CPU). */
  costAnalysis(): CostAnalysis | null {
    return this.program.costAnalysis()
  }

  /** Bytes that `Client.deserialize` loads on the same plugin and kind of machine. */
  serialize(): Uint8Array {
    return this.program.serialize()
  }

  fingerprint(): string | null {
    return this.program.fingerprint()
  }

  /** The program after all of XLA's passes, as HloModuleProtoWithConfig. */
  optimizedProgram(): Uint8Array {
    return this.program.optimizedProgram()
  }

  /** Unloads the program, after the runs that have started. Idempotent. */
  dispose(): void {
    this.disposed = true
    this.client.sweep()
    for (const execution of this.running) void execution.done // its events must be taken
    this.destroyWhenIdle()
  }

  started(execution: Execution): void {
    this.running.add(execution)
    this.client.executions.add(execution)
  }

  finished(execution: Execution): void {
    this.running.delete(execution)
    this.client.executions.delete(execution)
    if (this.disposed) this.destroyWhenIdle()
  }

  private destroyWhenIdle(): void {
    if (!this.alive || this.running.size > 0) return
    this.alive = false
    this.client.executables.delete(this)
    this.program.dispose()
    this.client.plugin.call('LoadedExecutable_Destroy', { executable: this.handle })
    closed('executable')
  }
}
