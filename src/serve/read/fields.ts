/** Fields of a JSON object, each checked where it is read. `null` means the default, as in OpenAI's API. */
import { invalid, type ApiError } from '../api-error.js'

export type Json = Readonly<Record<string, unknown>>

/** The body as an object. Throws ApiError. */
export function objectOf(body: unknown): Json {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Json
  throw invalid(null, `the body must be a JSON object (got ${shown(body)})`, 'not_json')
}

/** `must` is a rule, as in "an integer >= 0"; the message has the value, shortened. */
export function wrong(field: string, must: string, value: unknown, remedy = ''): ApiError {
  return invalid(field, `${field} must be ${must} (got ${shown(value)})${remedy === '' ? '' : `. ${remedy}`}`)
}

/** A value for a message: short, on one line, without the content of lists and objects. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 37)}...` : value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

interface Range {
  readonly low?: number
  readonly high?: number
  /** The end that is not in the range. */
  readonly exclude?: number
}

/** A finite number in a range. */
export function numberField(json: Json, field: string, fallback: number, range: Range = {}): number {
  const value = json[field] ?? fallback
  const { low = -Infinity, high = Infinity, exclude } = range
  if (typeof value === 'number' && Number.isFinite(value) && value >= low && value <= high && value !== exclude)
    return value
  throw wrong(field, `a number ${rule(range)}`.trim(), value)
}

/** An integer in a range; the fallback as it is. */
export function integerField<F>(json: Json, field: string, fallback: F, range: Range = {}): number | F {
  const value = json[field] ?? undefined
  if (value === undefined) return fallback
  const { low = -Infinity, high = Infinity } = range
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= low && value <= high) return value
  throw wrong(field, `an integer ${rule(range)}`.trim(), value)
}

export function booleanField(json: Json, field: string, fallback: boolean): boolean {
  const value = json[field] ?? fallback
  if (typeof value === 'boolean') return value
  throw wrong(field, 'true or false', value)
}

function rule({ low, high, exclude }: Range): string {
  const from = low === undefined ? '' : `${exclude === low ? '>' : '>='} ${low}`
  const to = high === undefined ? '' : `<= ${high}`
  return [from, to].filter((part) => part !== '').join(' and ')
}

/**
 * Throws ApiError for a field that is neither `known` nor `ignored` (such as `user`), for ignoring it could change what the
 * client gets. `unsupported` fields are named with the reason, unless they are null, false or empty.
 */
export function checkKnown(
  json: Json,
  known: readonly string[],
  unsupported: Readonly<Record<string, string>>,
  ignored: readonly string[] = IGNORED,
): void {
  for (const [field, value] of Object.entries(json)) {
    if (known.includes(field) || ignored.includes(field)) continue
    const isEmpty = value === null || value === false || (Array.isArray(value) && value.length === 0)
    if (Object.hasOwn(unsupported, field)) {
      if (isEmpty) continue
      throw invalid(field, `${field} is not supported. ${unsupported[field]}`, 'unsupported_parameter')
    }
    if (value === null) continue
    throw invalid(
      field.slice(0, 80),
      `${shown(field)} is not a parameter of this endpoint. Leave it out`,
      'unknown_parameter',
    )
  }
}

/** Fields for OpenAI's own service, without effect on the answer. */
const IGNORED = [
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
]
