/**
 * Which tensor of Hugging Face's GPT-Neo is which variable of the original. torch keeps the weight of a linear layer as
 * [out, in], GPT-Neo as [in, out]. Source: transformers models/gpt_neo/modeling_gpt_neo.py; GPT-Neo models/layers.py.
 */
import type { ModelConfig } from '../../config/index.js'

/** A variable and its counterpart. */
export interface Counterpart {
  /** GPT-Neo's name. */
  readonly name: string
  /** Hugging Face's, without the leading `transformer.`. */
  readonly theirs: string
  /** GPT-Neo's shape. */
  readonly shape: readonly number[]
  readonly transposed: boolean
}

/** Hugging Face keeps these in some folders; they follow from the config, or are wte once more. */
export const causalMask = /^h\.\d+\.attn\.(attention\.)?(bias|masked_bias)$/
export const outputTable = 'lm_head.weight'
export const prefix = 'transformer.'

/** All variables of a model that Hugging Face's GPT-Neo can express, in GPT-Neo's order. */
export function counterparts({
  n_vocab,
  n_ctx,
  n_embd,
  n_layer,
}: Pick<ModelConfig, 'n_vocab' | 'n_ctx' | 'n_embd' | 'n_layer'>): Counterpart[] {
  const plain = (name: string, theirs: string, ...shape: number[]) => ({ name, theirs, shape, transposed: false })
  const linear = (name: string, theirs: string, from: number, to: number) => ({
    name,
    theirs,
    shape: [from, to],
    transposed: true,
  })
  const inner = 4 * n_embd
  const layer = (h: string, theirs: string): Counterpart[] => [
    plain(`${h}/norm_1/g`, `${theirs}.ln_1.weight`, n_embd),
    plain(`${h}/norm_1/b`, `${theirs}.ln_1.bias`, n_embd),
    linear(`${h}/attn/q`, `${theirs}.attn.attention.q_proj.weight`, n_embd, n_embd),
    linear(`${h}/attn/k`, `${theirs}.attn.attention.k_proj.weight`, n_embd, n_embd),
    linear(`${h}/attn/v`, `${theirs}.attn.attention.v_proj.weight`, n_embd, n_embd),
    linear(`${h}/attn/o`, `${theirs}.attn.attention.out_proj.weight`, n_embd, n_embd),
    plain(`${h}/attn/compute_output_bias/o_b`, `${theirs}.attn.attention.out_proj.bias`, n_embd),
    plain(`${h}/norm_2/g`, `${theirs}.ln_2.weight`, n_embd),
    plain(`${h}/norm_2/b`, `${theirs}.ln_2.bias`, n_embd),
    linear(`${h}/mlp/conv1d_main/c_fc/kernel`, `${theirs}.mlp.c_fc.weight`, n_embd, inner),
    plain(`${h}/mlp/conv1d_main/c_fc/bias`, `${theirs}.mlp.c_fc.bias`, inner),
    linear(`${h}/mlp/conv1d_main/c_proj/kernel`, `${theirs}.mlp.c_proj.weight`, inner, n_embd),
    plain(`${h}/mlp/conv1d_main/c_proj/bias`, `${theirs}.mlp.c_proj.bias`, n_embd),
  ]
  return [
    plain('gpt2/wte', 'wte.weight', n_vocab, n_embd),
    plain('gpt2/wpe', 'wpe.weight', n_ctx, n_embd),
    ...Array.from({ length: n_layer }, (_, i) => layer(`gpt2/h${i}`, `h.${i}`)).flat(),
    plain('gpt2/ln_f/g', 'ln_f.weight', n_embd),
    plain('gpt2/ln_f/b', 'ln_f.bias', n_embd),
  ]
}
