/**
 * LoRA: beside a matrix W [in, out] a product of two thin ones, W + scale A B with A [in, rank] and B [rank, out], of which
 * only A and B are trained. B starts at zero. Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
 */
import type { ModelConfig } from '../config/index.js'
import { dim, type Dim } from '../tensor/index.js'

/** What adapters a model has. */
export interface Adapters {
  readonly rank: Dim<'lora_rank'>
  /** Factor of the product: alpha / rank. */
  readonly scale: number
  readonly dropout: number
  /** Whether the variable of this path has one, if it is a matrix. */
  targets(path: string): boolean
}

/** Names of an adapter's variables, below that of its matrix. */
export const LORA_A = 'lora_a'
export const LORA_B = 'lora_b'

const isAdapter = (name: string) => name.endsWith(`/${LORA_A}`) || name.endsWith(`/${LORA_B}`)

/** The adapters that a config asks for; null if none. */
export function adaptersOf({ lora_rank, lora_alpha, lora_dropout, lora_targets }: AdapterConfig): Adapters | null {
  if (!(lora_rank > 0)) return null // a page of an earlier version has no such key
  const patterns = lora_targets.map((each) => new RegExp(each))
  return {
    rank: dim('lora_rank', lora_rank),
    scale: (lora_alpha ?? lora_rank) / lora_rank,
    dropout: lora_dropout,
    targets: (path) => patterns.some((pattern) => pattern.test(path)),
  }
}

type AdapterConfig = Pick<ModelConfig, 'lora_rank' | 'lora_alpha' | 'lora_dropout' | 'lora_targets'>

/** Whether training changes a variable: with adapters those alone, else all that `freeze` does not match. */
export function isTrained(name: string, { lora_rank, freeze }: Pick<ModelConfig, 'lora_rank' | 'freeze'>): boolean {
  return lora_rank > 0 ? isAdapter(name) : !freeze.some((pattern) => new RegExp(pattern).test(name))
}

/** The dims of a matrix by what they do: those of experts, of the input, of the output. Null for a vector. */
export function sidesOf(
  dims: readonly Dim[],
  join: readonly Dim[],
): { readonly outer: Dim[]; readonly from: Dim[]; readonly to: Dim[] } | null {
  const groups: Dim[][] = []
  for (const each of dims)
    if (join.slice(1).some(({ name }) => name === each.name)) groups.at(-1)!.push(each)
    else groups.push([each])
  if (groups.length < 2) return null
  return { outer: groups.slice(0, -2).flat(), from: groups.at(-2)!, to: groups.at(-1)! }
}
