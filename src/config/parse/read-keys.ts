import type { z } from 'zod'
import type { RawConfig } from '../diagnose/diagnostics.js'
import { aboutOf, isRequired } from '../keys/key.js'
import { fewNames, expectedOf } from '../keys/kinds.js'
import { mixtureKeys } from '../keys/mixture.js'
import { suggestKey, suggestValue } from './suggest.js'

type Keys = Readonly<Record<string, z.ZodType>>

/**
 * Parses each key by its kind, independently, so that one invalid key does not hide another. Returns the valid keys, with
 * defaults, and adds a problem for each invalid one. `prefix` precedes the keys of a nested object.
 */
export function readKeys(given: RawConfig, keys: Keys, problems: string[], prefix = ''): RawConfig {
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(keys, key)) continue
    const inner = prefix === '' && Object.hasOwn(mixtureKeys, key) ? '; it belongs in moe_params' : ''
    problems.push(`${prefix}${shownKey(key)}: no such key${inner || suggestKey(key, Object.keys(keys))}`)
  }
  const right: RawConfig = {}
  for (const [key, schema] of Object.entries(keys)) {
    const value = given[key]
    if (value === undefined && isRequired(schema)) {
      problems.push(`${prefix}${key}: is missing: ${aboutOf(schema).meaning}; ${expectedOf(schema)}`)
      continue
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) {
      if (parsed.data !== undefined) right[key] = parsed.data
    } else {
      problems.push(
        ...parsed.error.issues.slice(0, 1).map((issue) => `${prefix}${key}: ${wording(issue, value, schema)}`),
      )
    }
  }
  return right
}

function wording(issue: z.core.$ZodIssue, value: unknown, schema: z.ZodType): string {
  if (issue.code === 'custom') return issue.message
  const known = issue.code === 'invalid_value' ? issue.values.map(String) : []
  const boolean = issue.code === 'invalid_type' && issue.expected === 'boolean' && /^(true|false)$/i.test(String(value))
  const expected = expectedOf(schema)
  const unnamed = known.length > fewNames && !known.every((name) => expected.includes(name))
  const hint = boolean
    ? `. Write ${String(value).toLowerCase()} without quotes`
    : suggestValue(value, known) || (unnamed ? `. Known: ${known.join(', ')}` : '')
  return `must be ${expected} (got ${shown(value)})${hint}`
}

/** A key on one line: as JSON if it contains control characters or is long. */
function shownKey(key: string): string {
  return key.length <= LONGEST && !/[\p{Cc}\u2028\u2029]/u.test(key) ? key : shown(key)
}

/** A value as JSON; a long one, such as a whole vocabulary, is truncated. */
function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`
}

const LONGEST = 100
