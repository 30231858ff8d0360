import type { MixtureConfig } from '../../config/keys/mixture.js'
import { einsum, softmax, type Dim, type Tensor } from '../../tensor/index.js'
import type { Model } from '../dims.js'
import { truncatedNormal, type Scope } from '../scope.js'

/** Tokens in groups; each group has its slots in every expert. */
export type Tokens = Tensor<'batch' | 'group' | 'embd'>
/** A number for each token and expert. */
export type PerExpert = Tensor<'batch' | 'group' | 'expert_unsplit'>

/** One attempt of every token to get a slot in an expert: one-hot over experts (all 0 for none), and its gate there. */
export interface Choice {
  readonly mask: PerExpert
  readonly gate: Tensor<'batch' | 'group'>
}

/** Where tokens want to go. All f32. */
export interface Routing {
  readonly choices: readonly Choice[]
  /** Whether a choice is only for tokens without a slot from an earlier one; else a token gets a slot for each. */
  readonly untilAssigned: boolean
  /** 1 when experts are used evenly, more otherwise. */
  readonly balance: Tensor<never>
}

export interface GatingArgs {
  readonly at: Scope
  readonly x: Tokens
  readonly mixture: MixtureConfig
  /** The experts while tokens are assigned to them: a mesh splits those by their groups. */
  readonly experts: Dim<'expert_unsplit'>
  readonly groups: Dim<'batch'>
  readonly group: Dim<'group'>
  readonly model: Model
}
export type Gating = (args: GatingArgs) => Routing

/** Probabilities of the experts and their logits, f32, from a kernel of this name. */
export function probabilities(name: string, x: Tokens, { at, experts, model, groups, group }: GatingArgs) {
  const { embd } = model
  // The internals of gating run in f32, whatever the activations are.
  const kernel = at.in(name).paramF32('kernel', [embd, experts], truncatedNormal(embd.size ** -0.5))
  const logits = einsum([x.cast('f32'), kernel], [groups, group, experts]) as PerExpert
  return { logits, gates: softmax(logits, experts) }
}

/**
 * E^2 times the mean over groups and experts of the part of the tokens that chose an expert and its mean
 * probability: 1 if both are even. Source: Shazeer et al. 2017, "Outrageously Large Neural Networks", as in Mesh
 * TensorFlow.
 */
export function balanceLoss(mask: PerExpert, gates: PerExpert, { groups, group, experts }: GatingArgs): Tensor<never> {
  return mask
    .mean(group)
    .mul(gates.mean(group))
    .mean(groups, experts)
    .mul(experts.size ** 2)
}

/**
 * The balance loss of a microbatch. The original divides it, that of second choices included, by the number of
 * microbatches here, and once more with the whole loss.
 */
export function dividedBalance(balance: Tensor<never>, { original, microbatches }: Model): Tensor<never> {
  return balance.mul(original ? 1 / microbatches : 1)
}
