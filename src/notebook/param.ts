/** What a parameter may be. */
export interface ParamLimits {
  /** Whole numbers only. */
  readonly integer?: boolean
  readonly min?: number
  readonly max?: number
  /** The values that there are. */
  readonly choices?: readonly (number | string | boolean)[]
}

type Plain<T> = T extends number ? number : T extends string ? string : boolean

/** The environment variable that sets a parameter. */
export const PARAMETER_PREFIX = 'NEOMESH_PARAM_'

/**
 * A parameter of a notebook: what the environment variable NEOMESH_PARAM_name says, read as what `value` is, or else
 * `value`. In a cell the same is written `const steps = 200 //@param {type: "integer", min: 1}`.
 * Throws RangeError for a value that is not allowed.
 */
export function param<T extends number | string | boolean>(name: string, value: T, limits: ParamLimits = {}): Plain<T> {
  const variable = `${PARAMETER_PREFIX}${name}`
  const text = process.env[variable]
  const taken = text === undefined ? value : read(text, value)
  const wrong =
    taken === null ? `is no ${typeof value === 'boolean' ? 'true or false' : 'number'}` : problem(taken, limits)
  const shown = text === undefined ? JSON.stringify(value) : `${JSON.stringify(text)} (of ${variable})`
  if (wrong) throw new RangeError(`parameter ${name}: ${shown} ${wrong}`)
  return taken as Plain<T>
}

/** Null for text that is none of the kind. */
function read(text: string, like: unknown): number | string | boolean | null {
  if (typeof like === 'string') return text
  if (typeof like === 'boolean') return text === 'true' ? true : text === 'false' ? false : null
  return text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text)
}

function problem(value: number | string | boolean, { integer, min, max, choices }: ParamLimits): string | null {
  if (choices && !choices.includes(value))
    return `is none of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`
  if (typeof value !== 'number') return null
  if (integer && !Number.isInteger(value)) return 'is no whole number'
  if (min !== undefined && value < min) return `is below ${min}`
  if (max !== undefined && value > max) return `is above ${max}`
  return null
}
