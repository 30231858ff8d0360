/**
 * The native side of running one executable, prepared once: argument struct, options, and the lists of arguments,
 * outputs and events, which the plugin reads and fills during the call and does not keep. Small programs run
 * thousands of times a second.
 */
import { entries, structs } from './abi.js'
import { pin, Struct, type Block } from './memory.js'
import type { Plugin } from './plugin.js'

export class ExecuteCall {
  private readonly argument: Struct<typeof entries.LoadedExecutable_Execute>
  private readonly inputs: BigUint64Array
  private readonly outputs: BigUint64Array
  private readonly events: BigUint64Array

  constructor(
    private readonly plugin: Plugin,
    executable: bigint,
    devices: number,
    private readonly argumentCount: number,
    private readonly outputCount: number,
  ) {
    const inputs = rows(devices, argumentCount)
    const outputs = rows(devices, outputCount)
    const events = pin(new BigUint64Array(devices))
    this.inputs = inputs.words
    this.outputs = outputs.words
    this.events = events.array
    this.argument = new Struct(entries.LoadedExecutable_Execute, {
      executable,
      options: new Struct(structs.ExecuteOptions),
      num_devices: devices,
      num_args: argumentCount,
      argument_lists: inputs.lists,
      output_lists: outputs.lists,
      device_complete_events: events,
    })
  }

  /** Buffer of one device's row. */
  setInput(device: number, index: number, buffer: bigint): void {
    this.inputs[device * this.argumentCount + index] = buffer
  }

  /** Starts the program. Afterwards `output` and `event` hold handles that the caller owns. */
  run(): void {
    this.outputs.fill(0n)
    this.events.fill(0n)
    const error = this.plugin.function('LoadedExecutable_Execute')(this.argument.address)
    this.plugin.check('LoadedExecutable_Execute', error)
  }

  output(device: number, index: number): bigint {
    return this.outputs[device * this.outputCount + index]
  }

  event(device: number): bigint {
    return this.events[device]
  }
}

/**
 * A list of pointers to rows of pointers; the rows are one block, at least one word a row so that no pointer is past
 * its end.
 */
function rows(count: number, length: number): { lists: Block & { held: unknown }; words: BigUint64Array } {
  const block = pin(new BigUint64Array(Math.max(1, count * length)))
  const lists = pin(BigUint64Array.from({ length: count }, (_, row) => block.address + BigInt(8 * row * length)))
  return { lists: { ...lists, held: block }, words: block.array }
}
