/** What the benchmarks of the engine host train on. */
import { readFileSync } from 'node:fs'
import { parseModelConfig, type ModelConfig } from '../src/config/index.js'

/** A model of configs/models. */
export const configNamed = (name: string): ModelConfig =>
  parseModelConfig(JSON.parse(readFileSync(`configs/models/${name}.json`, 'utf8')), 'bench').config

/** The same ids for all engines: step k of each trains on the same batch. */
export const idsOf = ({ train_batch_size: batch, n_ctx, n_vocab }: ModelConfig, step: number): Int32Array =>
  Int32Array.from({ length: batch * (n_ctx + 1) }, (_, i) =>
    Math.floor(((Math.imul(i + 1, 0x9e3779b1 + step) >>> 0) / 2 ** 32) ** 3 * n_vocab),
  )
