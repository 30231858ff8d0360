/** Facts about a compiled program, loaded or not (PJRT_Executable). All sizes are in bytes, per device. */
import koffi from 'koffi'
import { structs } from './abi.js'
import { elementTypeOf, type Spec } from './element-type.js'
import { PjrtError } from './error.js'
import { closed, opened } from './handles.js'
import { bytesAt, int32At, pin, Struct, wordsAt } from './memory.js'
import { readNamedValues } from './named-values.js'
import type { Plugin } from './plugin.js'
import { readSignature, type Signature } from './signature.js'

export interface ProgramMemory {
  argument: number
  output: number
  /** Part of `output` that reuses donated arguments. */
  alias: number
  /** Intermediate values. */
  temp: number
  generatedCode: number
  /** Most bytes in use at any time, 0 where the plugin does not compute it. */
  peak: number
}

/** XLA's estimates by name, as in `flops`, `bytes accessed`, `optimal_seconds`. */
export type CostAnalysis = Record<string, number>

export class CompiledProgram {
  private alive = true

  /** @param address a PJRT_Executable, owned from now on */
  constructor(
    private readonly plugin: Plugin,
    private readonly address: bigint,
  ) {
    opened('program')
  }

  private get argument(): { executable: bigint } {
    if (this.alive) return { executable: this.address }
    throw new PjrtError('Executable_Destroy', 'FAILED_PRECONDITION', 'the executable was disposed of')
  }

  outputs(): Spec[] {
    const types = this.plugin.call('Executable_OutputElementTypes', this.argument)
    const dims = this.plugin.call('Executable_OutputDimensions', this.argument)
    const ranks = wordsAt(dims.word('dim_sizes'), dims.number('num_outputs')).map(Number)
    const sizes = wordsAt(
      dims.word('dims'),
      ranks.reduce((total, rank) => total + rank, 0),
    ).map(Number)
    let from = 0
    return int32At(types.word('types'), types.number('num_types')).map((type, i) => ({
      dtype: elementTypeOf(type),
      shape: sizes.slice(from, (from += ranks[i])),
    }))
  }

  memoryStats(): ProgramMemory {
    const stats = this.plugin.call('Executable_GetCompiledMemoryStats', this.argument)
    return {
      argument: stats.number('argument'),
      output: stats.number('output'),
      alias: stats.number('alias'),
      temp: stats.number('temp'),
      generatedCode: stats.number('generated_code'),
      peak: stats.number('peak'),
    }
  }

  /** Null where the plugin has none (CPU). Bodies of loops count once, whatever their number of turns. */
  costAnalysis(): CostAnalysis | null {
    try {
      const call = this.plugin.call('Executable_GetCostAnalysis', this.argument)
      return readNamedValues(call.word('properties'), call.number('num_properties')) as CostAnalysis
    } catch (error) {
      if (error instanceof PjrtError && error.code === 'UNIMPLEMENTED') return null
      throw error
    }
  }

  /** The program after all passes, as HloModuleProtoWithConfig. */
  optimizedProgram(): Uint8Array {
    const program = new Struct(structs.Program)
    this.plugin.call('Executable_OptimizedProgram', { ...this.argument, program }) // gives the size
    const code = pin(new Uint8Array(program.number('code_size')))
    program.set({ code })
    this.plugin.call('Executable_OptimizedProgram', { ...this.argument, program })
    return code.array
  }

  /** Bytes that `Client.deserialize` loads, on the same plugin and kind of machine. */
  serialize(): Uint8Array {
    const call = this.plugin.call('Executable_Serialize', this.argument)
    try {
      return bytesAt(call.word('serialized_bytes'), call.number('serialized_bytes_size'))
    } finally {
      koffi.call(call.word('holder_deleter'), deleter, call.word('holder'))
    }
  }

  /** A digest of the program by the plugin, or null where it has none. */
  fingerprint(): string | null {
    if (!this.plugin.has('Executable_Fingerprint')) return null
    try {
      return this.plugin.call('Executable_Fingerprint', this.argument).text('text', 'text_size')
    } catch (error) {
      if (error instanceof PjrtError && error.code === 'UNIMPLEMENTED') return null
      throw error
    }
  }

  /** Parameters and donation. */
  signature(): Signature {
    return readSignature(this.optimizedProgram())
  }

  dispose(): void {
    if (!this.alive) return
    this.plugin.call('Executable_Destroy', this.argument)
    this.alive = false
    closed('program')
  }
}

const deleter = koffi.proto('void PjrtHolderDeleter(void *)')
