import { basename } from 'node:path'
import { z } from 'zod'
import { readJson } from '../files/index.js'
import { modelKeys, modelSchema, withoutEffect, type ModelConfig } from './model-keys.js'

/** A config that cannot be used: every problem at once, each with its key. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Kind of attention of a layer. */
export type AttentionKind = 'global' | 'local'

/** Reads a GPT-Neo model config. `notes` are for people: keys that have no effect here. Throws FileError, ConfigError. */
export async function readModelConfig(path: string): Promise<{ config: ModelConfig; notes: string[] }> {
  return parseModelConfig(await readJson(path), path)
}

/** Checks a model config and fills in defaults. `source` says in errors where it came from. */
export function parseModelConfig(given: unknown, source = 'model config'): { config: ModelConfig; notes: string[] } {
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw new ConfigError(`${source}: a model config is a JSON object of keys such as n_embd, not ${Array.isArray(given) ? 'a list' : JSON.stringify(given)}`)
  const keys = { ...given } as Record<string, unknown>
  const notes: string[] = []
  const problems: string[] = []
  for (const [key, { values, why }] of Object.entries(withoutEffect)) {
    if (!(key in keys)) continue
    const value = keys[key]
    delete keys[key]
    if (values.length > 0 && !values.includes(value)) problems.push(`${key}: ${JSON.stringify(value)} is not possible: ${why}`)
    else notes.push(`${key} has no effect: ${why}`)
  }
  for (const key of Object.keys(keys)) if (!(key in modelKeys)) problems.push(`${key}: no such key${suggest(key)}`)
  for (const key of Object.keys(keys)) if (!(key in modelKeys)) delete keys[key]
  const parsed = modelSchema.safeParse(keys)
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${wording(issue, keys)}`))
  else problems.push(...inconsistencies(parsed.data))
  if (problems.length > 0 || !parsed.success)
    throw new ConfigError(`${source}: ${problems.length === 1 ? problems[0] : `${problems.length} problems\n${problems.map((line) => `  ${line}`).join('\n')}`}`)
  return { config: parsed.data, notes: notes.map((note) => `${basename(source)}: ${note}`) }
}

/** The kind of each layer, in order. */
export function attentionKinds(config: Pick<ModelConfig, 'attention_types' | 'n_layer'>): AttentionKind[] {
  const types = config.attention_types ?? [[['global'], config.n_layer]]
  return types.flatMap(([kinds, repeat]) => Array.from({ length: repeat }, () => kinds).flat())
}

function inconsistencies(config: ModelConfig): string[] {
  const problems: string[] = []
  const { n_embd, n_head, n_layer } = config
  if (n_embd % n_head !== 0) {
    const divisors = Array.from({ length: n_embd }, (_, i) => i + 1).filter((d) => n_embd % d === 0)
    const near = divisors.sort((a, b) => Math.abs(a - n_head) - Math.abs(b - n_head)).slice(0, 3).sort((a, b) => a - b)
    problems.push(`n_head: ${n_head} heads do not divide n_embd ${n_embd}; ${near.join(', ')} would`)
  }
  const kinds = attentionKinds(config)
  if (kinds.length !== n_layer) problems.push(`attention_types: it lists ${kinds.length} layers, n_layer is ${n_layer}`)
  if (config.lr_decay_end !== undefined && config.lr_decay_end < config.warmup_steps)
    problems.push(`lr_decay_end: ${config.lr_decay_end} is before the end of the warm-up, ${config.warmup_steps}`)
  return problems
}

function wording(issue: z.core.$ZodIssue, keys: Record<string, unknown>): string {
  const value = issue.path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], keys)
  if (value === undefined) return 'it is missing'
  return `${JSON.stringify(value)} is wrong: ${issue.message.replace(/^Invalid (input|option): /, '')}`
}

/** `; did you mean "n_embd"?` for the nearest known key, if it is near. */
function suggest(key: string): string {
  const ranked = Object.keys(modelKeys).map((known) => ({ known, distance: editDistance(key.toLowerCase(), known) })).sort((a, b) => a.distance - b.distance)
  return ranked[0].distance <= Math.max(2, key.length / 4) ? `; did you mean "${ranked[0].known}"?` : ''
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])))
    row = next
  }
  return row[b.length]
}
