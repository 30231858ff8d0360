/** Which variables lora_targets and freeze name. */
import { ConfigError, type ModelConfig } from '../config/index.js'
import { isTrained, type ParameterSpec } from '../model/index.js'

/** Throws ConfigError for a pattern that no variable matches, or if nothing is left to train. */
export function checkPatterns(config: ModelConfig, specs: readonly ParameterSpec[]): void {
  const names = specs.flatMap((spec) => spec.names)
  const own = names.filter((name) => config.lora_rank === 0 || !isTrained(name, config))
  const examples = [own.find((name) => name.includes('/attn/')), own.find((name) => name.includes('/mlp/')), 'gpt2/wte']
  const hint = `Names are such as ${examples.filter((name) => name !== undefined).join(', ')}`
  const unmatched = (patterns: readonly string[], among: readonly string[]) =>
    patterns.find((pattern) => !among.some((name) => new RegExp(pattern).test(name)))
  if (config.lora_rank > 0) {
    const adapted = names.filter((name) => isTrained(name, config))
    const lost = unmatched(
      config.lora_targets,
      own.filter((name) => adapted.some((each) => each.startsWith(`${name}/`))),
    )
    if (lost !== undefined || adapted.length === 0)
      throw new ConfigError(`lora_targets: each must match a matrix of the model (got "${lost ?? ''}"). ${hint}`)
    return
  }
  const lost = unmatched(config.freeze, names)
  if (lost !== undefined)
    throw new ConfigError(`freeze: each must match a variable of the model (got "${lost}"). ${hint}`)
  if (names.every((name) => !isTrained(name, config)))
    throw new ConfigError(`freeze: a variable must be left to train (got ${JSON.stringify(config.freeze)})`)
}
