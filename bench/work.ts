/** The work that all peers of a benchmark do: shapes, and weights and tokens from a counter hash. See bench/peers/README.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseModelConfig, type ModelConfig } from '../src/config/index.js'
import { PLATFORMS, type Platform, type XlaEngine } from '../src/engine/index.js'

export interface Shape {
  readonly layers: number
  readonly embd: number
  readonly heads: number
  readonly ctx: number
  readonly vocab: number
  readonly batch: number
  /** Whether every second layer is local. @default true */
  readonly local?: boolean
}

export const SHAPES: Readonly<Record<string, Shape>> = {
  tiny: { layers: 2, embd: 64, heads: 2, ctx: 512, vocab: 512, batch: 2 },
  teach: { layers: 4, embd: 256, heads: 8, ctx: 256, vocab: 8192, batch: 16 },
  small: { layers: 6, embd: 384, heads: 6, ctx: 512, vocab: 16384, batch: 8 },
  '125m': { layers: 12, embd: 768, heads: 12, ctx: 1024, vocab: 50304, batch: 2 },
  // For a GPU: as 125m, and GPT-2's own attention.
  '125m-gpu': { layers: 12, embd: 768, heads: 12, ctx: 1024, vocab: 50304, batch: 32 },
  'gpt2-gpu': { layers: 12, embd: 768, heads: 12, ctx: 1024, vocab: 50304, batch: 32, local: false },
}

/** The model of a shape: layers alternate global and local with radius 256; AdamW at a constant rate; no z-loss. */
export function configOf(
  { layers, embd, heads, ctx, vocab, batch, local = true }: Shape,
  changes: Record<string, unknown> = {},
): ModelConfig {
  return parseModelConfig(
    {
      n_vocab: vocab,
      n_ctx: ctx,
      n_embd: embd,
      n_head: heads,
      n_layer: layers,
      attention_types: [[['global', local ? 'local' : 'global'], layers / 2]],
      local_attention_radius: 256,
      z_loss: 0,
      opt_name: 'adamw',
      lr: 1e-3,
      lr_decay: 'none',
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weight_decay: 0.1,
      gradient_clipping: 1,
      train_batch_size: batch,
      train_steps: 1000,
      ...changes,
    },
    'bench',
  ).config
}

function hash(i: number, seed: number): number {
  let x = (i + Math.imul(seed, 0x9e3779b9)) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0
  return (x ^ (x >>> 16)) >>> 0
}

const uniform = (i: number, seed: number) => hash(i, seed) / 2 ** 32

/** A variable's first numbers, by its place in GPT-Neo's order of creation. */
export function weights(name: string, size: number, dims: number): Float32Array {
  const seed = placeOf(name)
  if (dims === 1) return new Float32Array(size).fill(name.endsWith('/g') ? 1 : 0)
  return Float32Array.from({ length: size }, (_, i) => (2 * uniform(i, seed) - 1) * (0.02 * Math.sqrt(3)))
}

const OF_LAYER = [
  'norm_1/g',
  'norm_1/b',
  'attn/q',
  'attn/k',
  'attn/v',
  'attn/o',
  'attn/compute_output_bias/o_b',
  'norm_2/g',
  'norm_2/b',
  'mlp/conv1d_main/c_fc/kernel',
  'mlp/conv1d_main/c_fc/bias',
  'mlp/conv1d_main/c_proj/kernel',
  'mlp/conv1d_main/c_proj/bias',
]

function placeOf(name: string): number {
  if (name === 'gpt2/wte') return 0
  if (name === 'gpt2/wpe') return 1
  const layer = /^gpt2\/h(\d+)\/(.*)$/.exec(name)
  // ln_f comes last, and is not random: any place serves.
  return layer ? 2 + 13 * Number(layer[1]) + OF_LAYER.indexOf(layer[2]) : 0
}

/** Ids of a training step, [batch, ctx + 1]; low ids come more often, so there is something to learn. */
export function tokens({ batch, ctx, vocab }: Shape, step: number, length = ctx + 1): Int32Array {
  return Int32Array.from({ length: batch * length }, (_, i) => {
    const u = uniform(i, 777 + step)
    return Math.floor(vocab * u * u * u)
  })
}

/** Tensor 0 to 3 of the attention benchmark, row-major: q, k, v, gradient. */
export function attentionInput(size: number, tensor: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => (uniform(i, tensor) - 0.5) * (tensor === 0 ? 0.5 : 1))
}

/** Flops of training a token: 6 a parameter (positions left out) and 12 layers embd ctx for attention, masked pairs included. */
export function flopsPerToken({ vocab, embd, layers, ctx }: Shape): number {
  return 6 * (vocab * embd + layers * (12 * embd * embd + 10 * embd) + 2 * embd) + 12 * layers * embd * ctx
}

/** Highest and present resident memory of this process, MB. */
export function memory(): { peak: number; now: number } {
  const status = readFileSync('/proc/self/status', 'utf8')
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024
  return { peak: field('VmHWM'), now: field('VmRSS') }
}

/** Highest memory of the first device, in MB, as the plugin counts it; null where it does not. */
export function deviceMegabytes({ client }: XlaEngine): number | null {
  const peak = client.memoryStats(client.devices[0])?.peakBytesInUse
  return peak === undefined ? null : peak / 2 ** 20
}

/** A platform by the name that an option has. */
export function platformOf(name: string): Platform {
  const known = PLATFORMS.find((platform) => platform === name)
  if (known === undefined) throw new RangeError(`--device must be one of ${PLATFORMS.join(', ')} (got ${name})`)
  return known
}

/** Makes the highest resident memory the present one. */
export function resetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5')
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
