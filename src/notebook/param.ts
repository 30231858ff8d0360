/** Limits of a parameter's value. */
import { runtime } from '../runtime/index.js'

export interface ParamLimits {
  /** Integers only. */
  readonly integer?: boolean
  readonly min?: number
  readonly max?: number
  /** The allowed values. */
  readonly choices?: readonly (number | string | boolean)[]
}

type Plain<T> = T extends number ? number : T extends string ? string : boolean

/** Prefix of the environment variables that set parameters. */
export const PARAMETER_PREFIX = 'NEOMESH_PARAM_'

/** Text of the environment variable that sets a parameter; undefined if it is not set. */
export const parameterText = (name: string): string | undefined => runtime.environment()[`${PARAMETER_PREFIX}${name}`]

/**
 * A parameter of a notebook: the environment variable NEOMESH_PARAM_name, read as the type of `value`, or else `value`.
 * In a cell the same is written `const steps = 200 //@param {type: "integer", min: 1}`.
 * Throws RangeError for a value that is not allowed.
 */
export function param<T extends number | string | boolean>(name: string, value: T, limits: ParamLimits = {}): Plain<T> {
  const text = parameterText(name)
  const parsed = text === undefined ? value : parse(text, value)
  const rule =
    parsed === null
      ? `must be ${typeof value === 'boolean' ? 'true or false' : 'a number'}`
      : brokenRule(parsed, limits)
  if (rule === null) return parsed as Plain<T>
  const [shown, remedy] =
    text === undefined
      ? [JSON.stringify(value), 'Change the value in the cell']
      : [JSON.stringify(text), `Change the environment variable ${PARAMETER_PREFIX}${name}, or unset it`]
  throw new RangeError(`parameter ${name} ${rule} (got ${shown}). ${remedy}`)
}

/** The value of the same type as `like`; null if the text is not one. */
function parse(text: string, like: unknown): number | string | boolean | null {
  if (typeof like === 'string') return text
  if (typeof like === 'boolean') return text === 'true' ? true : text === 'false' ? false : null
  return text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text)
}

/** The rule that a value breaks, or null. */
function brokenRule(value: number | string | boolean, { integer, min, max, choices }: ParamLimits): string | null {
  if (choices && !choices.includes(value))
    return `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`
  if (typeof value !== 'number') return null
  if (integer && !Number.isInteger(value)) return 'must be an integer'
  if (min !== undefined && !(value >= min)) return `must be >= ${min}`
  if (max !== undefined && !(value <= max)) return `must be <= ${max}`
  return null
}
