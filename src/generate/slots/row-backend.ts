import { DeviceArray } from '../../engine/device-array.js'
import { jit } from '../../engine/jit.js'
import type { Cache, Decoded, DecodeState, Parameters, Positions } from '../../model/index.js'
import { dim, reshape, type Tensor } from '../../tensor/index.js'
import { compiledLength, type LoadedModel } from '../generate.js'
import type { Prefill, SlotBackend, SlotStep } from './backend.js'

interface RowState {
  readonly caches: readonly Cache<DeviceArray>[]
}

/**
 * One program run for each slot and step, and a prompt in one pass: slow, but it asks nothing of a model. For kinds of
 * attention that cannot extend a cache by several positions, and for mixtures whose experts may overflow, where what a
 * token gets depends on the others.
 */
export class RowBackend implements SlotBackend {
  private readonly states = new Map<number, RowState>()
  private readonly prefill
  private readonly decode
  private readonly allLogits

  constructor(
    private readonly loaded: LoadedModel,
    capacity: number,
  ) {
    const { engine, model } = loaded
    const options = { parameterArgs: [0] }
    this.prefill = jit(
      engine,
      (parameters: Parameters, ids: Tensor<'batch' | 'sequence'>, length: Positions): Decoded =>
        model.prefill(parameters, ids, length, capacity),
      { ...options, name: 'prefill' },
    )
    this.decode = jit(
      engine,
      (parameters: Parameters, from: DecodeState, id: Tensor<'batch'>): Decoded =>
        model.decodeStep(parameters, reshape(id, [dim('batch', 1), dim('sequence', 1)]), from),
      { ...options, name: 'decode', donate: [1] },
    )
    this.allLogits = jit(
      engine,
      (parameters: Parameters, ids: Tensor<'batch' | 'sequence'>) => model.logits(parameters, ids),
      { ...options, name: 'logits' },
    )
  }

  begin(slot: number, prompt: readonly number[], allLogits: boolean): Prefill {
    return {
      cached: 0,
      cancel: () => {},
      next: async () => {
        const { engine, config, parameters } = this.loaded
        const { n_ctx, n_vocab, padding_id = 0 } = config
        const width = compiledLength(prompt.length, n_ctx)
        const filled = Int32Array.from({ length: width }, (_, i) => prompt[i] ?? padding_id)
        const ids = DeviceArray.from(engine, filled, [dim('batch', 1), dim('sequence', width)], 'i32')
        const length = DeviceArray.from(engine, Int32Array.of(prompt.length), [], 'i32')
        const { logits, caches } = await this.prefill(parameters, ids, length)
        this.states.set(slot, { caches })
        const rows: Float32Array[] = []
        if (allLogits) {
          const all = await this.allLogits(parameters, ids)
          const numbers = (await all.read()) as Float32Array
          for (let at = 0; at < prompt.length - 1; at++) rows.push(numbers.slice(at * n_vocab, (at + 1) * n_vocab))
          all.dispose()
        }
        rows.push((await logits.read()) as Float32Array)
        for (const each of [ids, length, logits]) each.dispose()
        return { logits: rows, done: true }
      },
    }
  }

  async step(entries: readonly SlotStep[]): Promise<Float32Array[]> {
    const rows: Float32Array[] = []
    const { engine, parameters } = this.loaded
    for (const { slot, id, position } of entries) {
      const { caches } = this.states.get(slot)!
      const at = DeviceArray.from(engine, Int32Array.of(position), [], 'i32')
      const given = DeviceArray.from(engine, Int32Array.of(id), [dim('batch', 1)], 'i32')
      const next = await this.decode(parameters, { caches, position: at }, given)
      this.states.set(slot, { caches: next.caches })
      rows.push((await next.logits.read()) as Float32Array)
      given.dispose()
      next.logits.dispose()
    }
    return rows
  }

  release(slot: number): void {
    for (const cache of this.states.get(slot)?.caches ?? []) for (const each of Object.values(cache)) each.dispose()
    this.states.delete(slot)
  }

  close(): void {
    for (const slot of [...this.states.keys()]) this.release(slot)
    for (const program of [this.prefill, this.decode, this.allLogits]) program.dispose()
  }
}
