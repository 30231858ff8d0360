import { InvalidArgumentError, Option } from 'commander'

/** A parser of integers >= `low`; an invalid value is reported in one line that names the option. */
export function integerOption(low = 0) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < low)
      throw new InvalidArgumentError(`It must be an integer >= ${low}.`)
    return value
  }
}

/** A parser of numbers from `low` to `high`; `exclude` is the end that is not in the range, if any. */
export function numberOption(low: number, high = Infinity, { exclude }: { exclude?: number } = {}) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !(value >= low && value <= high) || !Number.isFinite(value) || value === exclude) {
      const from = `${exclude === low ? '>' : '>='} ${low}`
      const to = high === Infinity ? '' : ` and ${exclude === high ? '<' : '<='} ${high}`
      throw new InvalidArgumentError(`It must be a number ${from}${to}.`)
    }
    return value
  }
}

/** Collects the values of an option that may be repeated. */
export function repeatable(value: string, before: string[] = []): string[] {
  return [...before, value]
}

/** Collects `key=value`; a value that is JSON is read as that, another one is text. */
export function parseOverride(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, key, value] = /^(\w+)=([^]*)$/.exec(text) ?? []
  if (key === undefined) throw new InvalidArgumentError('It must be key=value, such as lr=1e-4.')
  try {
    return { ...before, [key]: JSON.parse(value) as unknown }
  } catch {
    return { ...before, [key]: value }
  }
}

/** The forms in which an option takes a tokenizer. */
export const TOKENIZER = 'tokenizer.json, a folder with a tokenizer, or "gpt2"'

/** `--dtype`, of a model to generate with. */
export function dtypeOption(): Option {
  const help = 'of weights and caches (bf16: half of the memory; slower than f32 on CPUs)'
  return new Option('--dtype <dtype>', help).choices(['f32', 'bf16'])
}
