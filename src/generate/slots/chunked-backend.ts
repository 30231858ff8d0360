import { DeviceArray } from '../../engine/device-array.js'
import { jit, type Jitted } from '../../engine/jit.js'
import type { Parameters, Positions } from '../../model/index.js'
import { dim, reshape, type Tensor } from '../../tensor/index.js'
import type { LoadedModel } from '../generate.js'
import type { Prefill, SlotBackend, SlotStep } from './backend.js'
import {
  bytesOfCaches,
  cacheShapes,
  disposeCaches,
  emptyCaches,
  inserted,
  resized,
  type Caches,
  type CacheShape,
} from './caches.js'
import { PrefixCache, Shared } from './prefix-cache.js'
import { sizesOf, type Sizes } from './sizes.js'

export interface ChunkedOptions {
  readonly slots: number
  readonly capacity: number
  readonly chunk: number
  readonly prefixBytes: number
}

/** The caches of a prompt so far, which are not changed any more. */
interface Prefix {
  readonly caches: Caches
  /** Positions that they have room for. */
  readonly size: number
}

/**
 * One decode program for all slots, whose caches are the rows of shared arrays, and programs that extend the caches of a
 * single prompt by a chunk. A slot's numbers do not depend on the others: rows of a product are computed alike, and what a
 * cache has after a row's position has the weight 0. Caches grow with the longest row.
 */
export class ChunkedBackend implements SlotBackend {
  private readonly sizes: Sizes
  private readonly prefixes: PrefixCache<Prefix>
  private readonly programs: ReturnType<typeof makePrograms>
  private readonly resizing = new Map<string, Jitted<[Caches<Tensor>], Caches<Tensor>>>()
  private readonly shapes = new Map<string, Caches<CacheShape>>()
  private rows: Prefix | null = null
  /** The next position of each slot in use. */
  private readonly positions = new Map<number, number>()

  constructor(
    private readonly loaded: LoadedModel,
    private readonly options: ChunkedOptions,
  ) {
    const lengthsAt = (size: number) =>
      cacheShapes(loaded, 1, size).flatMap((cache) =>
        Object.values(cache).flatMap(({ dims }) => dims.map((each) => each.size)),
      )
    this.sizes = sizesOf(options.capacity, options.chunk, lengthsAt)
    this.prefixes = new PrefixCache(options.prefixBytes, ({ caches }) => bytesOfCaches(caches))
    this.programs = makePrograms(loaded, options.slots)
  }

  begin(slot: number, prompt: readonly number[], allLogits: boolean): Prefill {
    const { chunk } = this.sizes
    // Logits of tokens that a prefix has are not computed.
    const found = allLogits ? null : this.prefixes.find(prompt, chunk)
    let offset = found?.length ?? 0
    let held: Shared<Prefix> | null = found?.held ?? null
    const keeps = (length: number) =>
      !allLogits && length % chunk === 0 && (isPowerOf2(length / chunk) || prompt.length - length <= chunk)
    return {
      cached: offset,
      cancel() {
        held?.release()
        held = null
      },
      next: async () => {
        const length = Math.min(chunk, prompt.length - offset)
        const size = this.sizes.chunkCache(offset)
        const before = await this.withSize(held ?? this.share(this.empty(1, size)), size)
        held = before
        const after = await this.extend(before.value, prompt.slice(offset, offset + length), offset, allLogits)
        before.release()
        held = this.share({ caches: after.caches, size })
        offset += length
        if (keeps(offset)) this.prefixes.keep(prompt, offset, held)
        const done = offset === prompt.length
        if (done) {
          await this.insert(slot, held.value, prompt.length)
          held.release()
          held = null
        }
        const logits = done || allLogits ? await rowsOf(after.logits) : []
        after.logits.dispose()
        return { logits: allLogits ? logits.slice(0, length) : logits, done }
      },
    }
  }

  async step(entries: readonly SlotStep[]): Promise<Float32Array[]> {
    const { engine, parameters } = this.loaded
    const { slots } = this.options
    const batch = dim('batch', slots)
    // Slots that are not in use compute something at position 0, which is not read.
    const [ids, positions] = [new Int32Array(slots), new Int32Array(slots)]
    for (const { slot, id, position } of entries) {
      ids[slot] = id
      positions[slot] = position
      this.positions.set(slot, position + 1)
    }
    await this.resizeRows(this.sizes.cache(Math.max(...positions) + 1), false)
    const given = [ids, positions].map((data) => DeviceArray.from(engine, data, [batch], 'i32'))
    const { caches, size } = this.rows!
    this.rows = null
    const next = await this.programs.step(parameters, caches, given[0], given[1])
    this.rows = { caches: next.caches, size }
    const rows = await rowsOf(next.logits)
    for (const each of [...given, next.logits]) each.dispose()
    return entries.map(({ slot }) => rows[slot])
  }

  release(slot: number): void {
    this.positions.delete(slot)
  }

  close(): void {
    if (this.rows) disposeCaches(this.rows.caches)
    this.rows = null
    this.prefixes.clear()
    for (const program of [...Object.values(this.programs), ...this.resizing.values()]) program.dispose()
  }

  /** A prompt's caches and logits after a chunk more. */
  private async extend({ caches }: Prefix, tokens: readonly number[], offset: number, all: boolean) {
    const { engine, parameters, config } = this.loaded
    const width = this.sizes.width(tokens.length, offset)
    const filled = Int32Array.from({ length: width }, (_, i) => tokens[i] ?? config.padding_id ?? 0)
    const ids = DeviceArray.from(engine, filled, [dim('batch', 1), dim('sequence', width)], 'i32')
    const [position, length] = [offset, tokens.length].map((n) => DeviceArray.from(engine, Int32Array.of(n), [], 'i32'))
    const program = all ? this.programs.extendAll : this.programs.extend
    try {
      return await program(parameters, caches, ids, position, length)
    } finally {
      for (const each of [ids, position, length]) each.dispose()
    }
  }

  /** Writes a prompt's caches into its slot. */
  private async insert(slot: number, { caches, size }: Prefix, positions: number): Promise<void> {
    const others = [...this.positions].filter(([each]) => each !== slot).map(([, position]) => position)
    await this.resizeRows(Math.max(size, this.sizes.cache(Math.max(0, ...others))), true)
    const rows = this.rows!
    const row = rows.size === size ? caches : await this.resize(caches, 1, rows.size)
    const at = DeviceArray.from(this.loaded.engine, Int32Array.of(slot), [], 'i32')
    this.rows = null
    this.rows = { caches: await this.programs.insert(rows.caches, row, at), size: rows.size }
    at.dispose()
    if (row !== caches) disposeCaches(row)
    this.positions.set(slot, positions)
  }

  /** Makes room for `size` positions in all slots, and with `shrink` no more. */
  private async resizeRows(size: number, shrink: boolean): Promise<void> {
    const { slots } = this.options
    const { rows } = this
    if (rows && (rows.size === size || (rows.size > size && !shrink))) return
    const caches = rows ? await this.resize(rows.caches, slots, size) : this.empty(slots, size).caches
    if (rows) disposeCaches(rows.caches)
    this.rows = { caches, size }
  }

  private async withSize(held: Shared<Prefix>, size: number): Promise<Shared<Prefix>> {
    if (held.value.size === size) return held
    const caches = await this.resize(held.value.caches, 1, size)
    held.release()
    return this.share({ caches, size })
  }

  private async resize(caches: Caches, rows: number, size: number): Promise<Caches> {
    const key = `${rows},${size}`
    const shapes = this.shapesFor(rows, size)
    const known = this.resizing.get(key)
    const program =
      known ?? jit(this.loaded.engine, (from: Caches<Tensor>) => resized(from, shapes), { name: 'resize' })
    this.resizing.set(key, program)
    return program(caches)
  }

  private empty(rows: number, size: number): Prefix {
    return { caches: emptyCaches(this.loaded, this.shapesFor(rows, size)), size }
  }

  private shapesFor(rows: number, size: number): Caches<CacheShape> {
    const key = `${rows},${size}`
    const shapes = this.shapes.get(key) ?? cacheShapes(this.loaded, rows, size)
    this.shapes.set(key, shapes)
    return shapes
  }

  private share(prefix: Prefix): Shared<Prefix> {
    return new Shared(prefix, ({ caches }) => disposeCaches(caches))
  }
}

function makePrograms({ engine, model }: LoadedModel, slots: number) {
  const extending =
    (all: boolean) =>
    (
      parameters: Parameters,
      caches: Caches<Tensor>,
      ids: Tensor<'batch' | 'sequence'>,
      position: Positions,
      length: Tensor<never>,
    ) =>
      model.extend(parameters, ids, { caches, position }, length, { all })
  return {
    extend: jit(engine, extending(false), { name: 'extend', parameterArgs: [0] }),
    extendAll: jit(engine, extending(true), { name: 'extend_all', parameterArgs: [0] }),
    step: jit(
      engine,
      (parameters: Parameters, caches: Caches<Tensor>, ids: Tensor<'batch'>, position: Tensor<'batch'>) =>
        model.decodeStep(parameters, reshape(ids, [dim('batch', slots), dim('sequence', 1)]), { caches, position }),
      { name: 'decode', donate: [1], parameterArgs: [0] },
    ),
    insert: jit(
      engine,
      (caches: Caches<Tensor>, row: Caches<Tensor>, slot: Tensor<never>) => inserted(caches, row, slot),
      { name: 'insert', donate: [0] },
    ),
  }
}

/** Rows of logits [..., vocab] on the host. */
async function rowsOf(logits: DeviceArray): Promise<Float32Array[]> {
  const numbers = (await logits.read()) as Float32Array
  const width = logits.dims[logits.dims.length - 1].size
  return Array.from({ length: numbers.length / width }, (_, row) => numbers.subarray(row * width, (row + 1) * width))
}

const isPowerOf2 = (x: number): boolean => Number.isInteger(Math.log2(x))
