import { crashingActivations } from '../keys/activation-names.js'
import { attentionKind } from '../../attention/index.js'
import { attentionKinds } from '../keys/attention-kinds.js'
import { layoutNotes, partsOf } from './layout.js'
import { microbatchCount } from '../resolve.js'
import type { ModelConfig } from '../keys/model-keys.js'
import { parsePairs } from '../../mesh/index.js'

/** Hints about a valid config: what its author may not expect, one line each. */
export function hints(config: ModelConfig): string[] {
  return [
    positions,
    attention,
    mixture,
    padding,
    schedule,
    decayRate,
    microbatches,
    datasets,
    activation,
    layoutNotes,
    devices,
    original,
  ].flatMap((hint) => hint(config))
}

function positions({ axial_pos_emb, rotary_emb, pos_emb, n_ctx }: ModelConfig): string[] {
  if (!axial_pos_emb || rotary_emb || pos_emb !== 'learned') return []
  const product = axial_pos_emb[0] * axial_pos_emb[1]
  if (product < n_ctx)
    return [
      `axial_pos_emb: ${axial_pos_emb.join(' x ')} is ${product}, less than n_ctx ${n_ctx}: ` +
        `positions >= ${product} have zeros`,
    ]
  if (product > n_ctx)
    return [
      `axial_pos_emb: ${axial_pos_emb.join(' x ')} is ${product}, more than n_ctx ${n_ctx}: the remaining rows are unused`,
    ]
  return []
}

function attention(config: ModelConfig): string[] {
  const kinds = new Set(attentionKinds(config))
  return [...kinds].flatMap((kind) => (kind === 'none' ? [] : (attentionKind(kind).hints?.(config) ?? [])))
}

function mixture({ moe_layers }: ModelConfig): string[] {
  const twice = moe_layers.find((layer, i) => moe_layers.indexOf(layer) < i)
  return twice === undefined ? [] : [`moe_layers: layer ${twice} is listed twice`]
}

function padding({ padding_id, n_vocab, mlm_training }: ModelConfig): string[] {
  if (padding_id === undefined || padding_id < n_vocab || !mlm_training) return []
  return [`padding_id: ${padding_id} is not in the vocabulary of ${n_vocab}: its embedding is zeros`]
}

function schedule({ opt_name, lr_decay, lr_decay_end, warmup_steps, train_steps }: ModelConfig): string[] {
  if (opt_name === 'adafactor') return []
  const notes: string[] = []
  if (warmup_steps >= train_steps)
    notes.push(`warmup_steps: ${warmup_steps} is >= train_steps ${train_steps}: lr never reaches its peak`)
  if (lr_decay !== 'none' && lr_decay_end !== undefined && lr_decay_end > train_steps)
    notes.push(`lr_decay_end: ${lr_decay_end} is after train_steps ${train_steps}: training ends before the decay does`)
  return notes
}

function decayRate({ opt_name, weight_decay }: ModelConfig): string[] {
  if (opt_name !== 'adafactor' || weight_decay === undefined) return []
  const problem = weight_decay < 0.5 ? ', which forgets most of it in every step' : ''
  return [
    `weight_decay: with adafactor ${weight_decay} is not a weight decay, but the second-moment decay${problem}. ` +
      'Without it the decay is 1 - (step + 1)^-0.8',
  ]
}

function microbatches(config: ModelConfig): string[] {
  const { tokens_per_mb_per_replica: tokens, n_ctx, train_batch_size } = config
  if (!tokens) return []
  if (tokens < n_ctx)
    return [`tokens_per_mb_per_replica: ${tokens} is less than a sequence, n_ctx ${n_ctx}: a microbatch has one`]
  const replica = train_batch_size / partsOf(config, 'batch')
  const wanted = Math.floor(tokens / n_ctx)
  const size = replica / microbatchCount(config, partsOf(config, 'batch'))
  if (size === wanted || wanted >= replica) return []
  return [
    `tokens_per_mb_per_replica: ${tokens} are ${wanted} sequences, which do not divide the ${replica} of a replica: ` +
      `a microbatch has ${size}`,
  ]
}

function datasets({ datasets }: ModelConfig): string[] {
  const names = datasets.map((item) => (typeof item === 'string' ? item : item[0]))
  const twice = names.find((name, i) => names.indexOf(name) < i)
  const notes = twice === undefined ? [] : [`datasets: "${twice}" is listed twice`]
  const mixed = datasets.find(
    (item) => typeof item !== 'string' && item.slice(1).some((part) => part !== null && part !== undefined),
  )
  if (mixed)
    notes.push(
      `datasets: stitch, mode and weight in ${JSON.stringify(mixed)} have no effect: ` +
        'every sample is read once per epoch',
    )
  return notes
}

function activation({ activation_fn }: ModelConfig): string[] {
  return activation_fn === 'sign' ? ['activation_fn: "sign" has no gradient: c_fc is not trained'] : []
}

function devices({ mesh_shape }: ModelConfig): string[] {
  const size = parsePairs(mesh_shape).reduce((product, [, parts]) => product * Number(parts), 1)
  return size === 1 ? [] : [`mesh_shape: it is for ${size} devices. Use them with neomesh train --devices ${size}`]
}

/** With compat "gpt-neo": what the original cannot run, or where it computes NaN. */
function original(config: ModelConfig): string[] {
  if (config.compat !== 'gpt-neo') return []
  const kinds = attentionKinds(config)
  const cannot: [string, boolean][] = [
    [`activation_fn: "${config.activation_fn}"`, crashingActivations.includes(config.activation_fn)],
    ['mlp_glu', config.mlp_glu],
    ['num_mem_kv with global attention', config.num_mem_kv > 0 && kinds.includes('global')],
    ['mlm_training with global attention', config.mlm_training && kinds.includes('global')],
    ['moe_layers with precision bfloat16', config.moe_layers.length > 0 && config.precision === 'bfloat16'],
  ]
  const notes = cannot.flatMap(([what, is]) => (is ? [`${what} works here; the original cannot run it`] : []))
  if (config.entmax_loss)
    notes.push(
      'entmax_loss: as in the original, the loss becomes NaN once a token of the vocabulary has probability 0, which ' +
        'happens early in training; without compat it stays finite',
    )
  return notes
}
