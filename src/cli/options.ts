import { InvalidArgumentError } from 'commander'

/** A parser of whole numbers; a wrong value ends in one line that names the option. */
export function whole(low = 0) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < low)
      throw new InvalidArgumentError(`It must be a whole number from ${low} on.`)
    return value
  }
}

/** A parser of numbers from `low` to `high`; `not` names an end that is outside. */
export function real(low: number, high = Infinity, { not }: { not?: number } = {}) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !(value >= low && value <= high) || !Number.isFinite(value) || value === not) {
      const from = not === low ? `above ${low}` : `from ${low}`
      const to = high === Infinity ? (not === low ? '' : ' on') : not === high ? ` to below ${high}` : ` to ${high}`
      throw new InvalidArgumentError(`It must be a number ${from}${to}.`)
    }
    return value
  }
}

/** Collects an option that may be given several times. */
export function several(value: string, before: string[] = []): string[] {
  return [...before, value]
}

/** What a tokenizer may be given as. */
export const TOKENIZER = 'tokenizer.json, a folder with a tokenizer, or "gpt2"'
