import { tasksWithData } from '../eval-tasks.js'
import type { z } from 'zod'
import { ATTENTION_KINDS, type AnyAttentionKind } from '../../attention/index.js'
import { attentionKinds } from '../keys/attention-kinds.js'
import type { RawConfig } from './diagnostics.js'
import { aboutOf, defaultOf } from '../keys/key.js'
import { modelKeys, type ModelConfig } from '../keys/model-keys.js'
import { mixtureKeys, type MixtureConfig } from '../keys/mixture.js'

const listed = (names: readonly string[]) => names.join(', ').replace(/, ([^,]*)$/, ' and $1')

/** Why a key has no effect in a config; null if it has one. */
type Reason = (config: ModelConfig) => string | null

const unless =
  (works: (config: ModelConfig) => unknown, why: string): Reason =>
  (config) =>
    works(config) ? null : why
/** Keys of attention kinds: they have an effect if a layer has such a kind. */
function ofKinds(): Partial<Record<keyof ModelConfig, Reason>> {
  const kinds = Object.entries(ATTENTION_KINDS) as [string, AnyAttentionKind][]
  const keys = new Set(kinds.flatMap(([, kind]) => kind.keys))
  return Object.fromEntries(
    [...keys].map((key) => {
      const names = kinds.filter(([, kind]) => kind.keys.includes(key)).map(([name]) => name)
      const why = `no layer has ${names.join(' or ')} attention`
      return [key, unless((c) => attentionKinds(c).some((each) => names.includes(each)), why)]
    }),
  )
}
const withOptimizer =
  (...names: string[]) =>
  (c: ModelConfig) =>
    names.includes(c.opt_name)
      ? null
      : `only ${listed(names)} ${names.length > 1 ? 'use' : 'uses'} it, and opt_name is ${c.opt_name}`
const scheduled: Reason = (c) => (c.opt_name === 'adafactor' ? 'with adafactor lr is constant' : null)
const masked = unless((c) => c.mlm_training, 'mlm_training is off')
const mixed = unless((c) => c.moe_layers.length > 0, 'moe_layers is empty')
const plain: Reason = (c) =>
  c.n_inner === 0
    ? 'n_inner is 0'
    : c.macaron || new Set(c.moe_layers).size < c.n_layer
      ? null
      : 'every layer is a mixture of experts'
const rotated = unless((c) => c.rotary_emb, 'rotary_emb is off')
const eachOf =
  (...reasons: Reason[]): Reason =>
  (c) =>
    reasons.map((reason) => reason(c)).find((why) => why !== null) ?? null

/** Keys that have an effect only with certain values of others. */
const conditional: Readonly<Partial<Record<keyof ModelConfig, Reason>>> = {
  ...ofKinds(),
  rotary_emb: unless((c) => attentionKinds(c).some((kind) => kind !== 'none'), 'no layer has attention'),
  rope_theta: rotated,
  rotary_pct: rotated,
  pos_emb: unless((c) => !c.rotary_emb, 'rotary_emb replaces it'),
  axial_pos_emb: eachOf(
    unless((c) => !c.rotary_emb, 'rotary_emb replaces it'),
    unless((c) => c.pos_emb === 'learned', 'pos_emb is not learned'),
  ),
  activation_fn: plain,
  mlp_glu: plain,
  scale_by_depth: plain,
  scale_by_in: unless(
    (c) => c.macaron || c.no_weight_tie || new Set(c.moe_layers).size < c.n_layer,
    'every layer is a mixture of experts',
  ),
  scalenorm: unless((c) => !c.rezero, 'with rezero blocks have no norms'),
  eval_tasks: unless((c) => tasksWithData(c).length > 0, 'its tasks name no data. Write lambada=FILE'),
  freeze: unless((c) => c.lora_rank === 0, 'with lora_rank only adapters are trained'),
  lora_alpha: unless((c) => c.lora_rank > 0, 'lora_rank is 0'),
  lora_dropout: unless((c) => c.lora_rank > 0, 'lora_rank is 0'),
  lora_targets: unless((c) => c.lora_rank > 0, 'lora_rank is 0'),
  moe_params: mixed,
  moe_activation: mixed,
  z_loss: unless((c) => !c.entmax_loss, 'entmax_loss has no such term'),
  eos_id: () => 'training does not use it; it ends samples if the data set has no end-of-text token',
  padding_id: unless((c) => c.mlm_training, 'the data set determines it, and without mlm_training no label is ignored'),
  mlm_mask_id: masked,
  mlm_cls_token_id: masked,
  mlm_mask_prob: masked,
  mlm_same_token_prob: masked,
  mlm_random_token_prob: masked,
  mlm_mask_ignore_ids: masked,
  lr_decay: scheduled,
  lr_decay_end: eachOf(
    scheduled,
    unless((c) => c.lr_decay !== 'none', 'lr_decay is none'),
  ),
  warmup_steps: scheduled,
  beta2: withOptimizer('adam', 'adamw', 'lion', 'muon'),
  epsilon: withOptimizer('adam', 'adamw', 'muon'),
  ada_epsilon1: withOptimizer('adafactor'),
  ada_epsilon2: withOptimizer('adafactor'),
}

type MixtureReason = (mixture: MixtureConfig) => string | null
const underGating =
  (gating: string): MixtureReason =>
  (m) =>
    m.moe_gating === gating ? null : `only ${gating} uses it, and moe_gating is ${m.moe_gating}`
const underPolicy =
  (wanted: readonly string[], gating: string, ...keys: (keyof MixtureConfig)[]): MixtureReason =>
  (m) =>
    underGating(gating)(m) ??
    (keys.some((key) => wanted.includes(m[key] as string))
      ? null
      : `only the ${wanted.length > 1 ? 'policies' : 'policy'} ${wanted.join(' and ')} ${wanted.length > 1 ? 'use' : 'uses'} it`)

/** Keys of moe_params that have an effect only with certain values of others. */
const ofMixture: Readonly<Partial<Record<keyof MixtureConfig, MixtureReason>>> = {
  moe_use_second_place_loss: underGating('top_2'),
  moe_second_policy_train: underGating('top_2'),
  moe_second_policy_eval: underGating('top_2'),
  moe_second_threshold_train: underPolicy(['threshold', 'random'], 'top_2', 'moe_second_policy_train'),
  moe_second_threshold_eval: underPolicy(['threshold', 'random'], 'top_2', 'moe_second_policy_eval'),
  moe_rand_1_policy_train: underGating('rand_1'),
  moe_rand_1_policy_eval: underGating('rand_1'),
  moe_rand_1_dropout: underPolicy(['input_dropout'], 'rand_1', 'moe_rand_1_policy_train'),
  moe_rand_1_jitter: underPolicy(['input_jitter'], 'rand_1', 'moe_rand_1_policy_train'),
  moe_rand_1_temperature: underPolicy(['sample'], 'rand_1', 'moe_rand_1_policy_train', 'moe_rand_1_policy_eval'),
  moe_switch_top_k: underGating('switch'),
}

const withDefault = (keys: typeof modelKeys | typeof mixtureKeys) =>
  Object.entries(keys)
    .filter(([, schema]) => defaultOf(schema) !== undefined)
    .map(([key]) => key)
const saved = withDefault(modelKeys)
const savedMixture = withDefault(mixtureKeys)

/** Notes on the keys of a file that have no effect. `given`: the keys of the file; `config`: the parsed config. */
export function unusedKeys(given: RawConfig, config: ModelConfig): string[] {
  const notes = found(given, config, modelKeys, saved, (key) => conditional[key as keyof ModelConfig]?.(config) ?? null)
  const { moe_params } = config
  if (config.moe_layers.length === 0 || moe_params === undefined || given.moe_params === undefined) return notes
  const inner = found(
    given.moe_params as RawConfig,
    moe_params,
    mixtureKeys,
    savedMixture,
    (key) => ofMixture[key as keyof MixtureConfig]?.(moe_params) ?? null,
  )
  return [...notes, ...inner.map((note) => `moe_params.${note}`)]
}

function found(
  given: RawConfig,
  config: object,
  keys: Readonly<Record<string, z.ZodType>>,
  defaulted: readonly string[],
  reasonOf: (key: string) => string | null,
): string[] {
  // A run saves a config with every key: its defaults were not chosen, and the other notes were given before the run.
  if (defaulted.every((key) => key in given)) return []
  return Object.keys(given).flatMap((key) => {
    if (!Object.hasOwn(keys, key)) return []
    const value = (config as RawConfig)[key]
    if (isOff(value)) return []
    const why = aboutOf(keys[key]).inert ?? reasonOf(key)
    return why === null ? [] : [`${key} has no effect: ${why}`]
  })
}

/** Whether a value means "off". */
function isOff(value: unknown): boolean {
  return (
    value === undefined ||
    value === false ||
    value === 0 ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}
