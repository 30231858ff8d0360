import { InvalidArgumentError } from 'commander'

/** Parsers of option values; a wrong value ends in one line that names the option. */
export function whole(low = 0) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < low) throw new InvalidArgumentError(`It must be a whole number from ${low} on.`)
    return value
  }
}

export function real(low: number, high = Infinity) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !(value >= low && value <= high) || !Number.isFinite(value))
      throw new InvalidArgumentError(high === Infinity ? `It must be a number from ${low} on.` : `It must be a number from ${low} to ${high}.`)
    return value
  }
}

/** Collects an option that may be given several times. */
export function several(value: string, before: string[] = []): string[] {
  return [...before, value]
}
