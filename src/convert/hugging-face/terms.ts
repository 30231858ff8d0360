/** What Hugging Face's GPT-Neo and the original both have, under either's name. */
import { ConfigError } from '../../config/index.js'

/** GPT-Neo's name of each activation that both have. */
export const activations: Readonly<Record<string, string>> = {
  gelu_new: 'gelu',
  gelu_pytorch_tanh: 'gelu',
  gelu_python_tanh: 'gelu',
  gelu_fast: 'gelu',
  gelu_accurate: 'gelu',
  relu: 'relu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  silu: 'silu',
  swish: 'silu',
  leaky_relu: 'lrelu001',
  linear: 'id',
  mish: 'mish',
}

/** Kinds of attention that both have. */
export const kindsOfBoth: readonly string[] = ['global', 'local']

/** Of layer norm; GPT-Neo has no key for it. */
export const layerNormEpsilon = 1e-5

/** Layers in groups, as both write them: kinds, and how often they are repeated. */
export type AttentionTypes = [kinds: string[], repeat: number][]

/** Layers that groups list, counted without expanding them. */
export function countLayers(types: AttentionTypes): number {
  return types.reduce((sum, [kinds, repeat]) => sum + kinds.length * repeat, 0)
}

/** The kind of each layer. */
export function expand(types: AttentionTypes): string[] {
  return types.flatMap(([kinds, repeat]) => Array.from({ length: repeat }, () => kinds).flat())
}

/** The shortest pattern that the layers repeat. */
export function compress(kinds: readonly string[]): AttentionTypes {
  const repeats = (period: number) =>
    kinds.length % period === 0 && kinds.every((kind, i) => kind === kinds[i % period])
  const period = Array.from(kinds, (_, i) => i + 1).find(repeats) ?? kinds.length
  return [[kinds.slice(0, period), kinds.length / period]]
}

/** Every refusal is one line: where, then each key with its reason. */
export function refused(source: string, problems: readonly string[]): ConfigError {
  return new ConfigError(`${source}: ${problems.join('; ')}`)
}
