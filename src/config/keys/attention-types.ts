import { z } from 'zod'
import { attentionKindNames, type AttentionKind, type AttentionTypes } from './attention-kinds.js'

const example = '[[["global", "local"], 6]] for 12 layers'

/** `attention_types`. Source: gpt-neo utils.py (expand_attention_types_params). */
export const attentionTypes = z
  .unknown()
  .transform((value, context): AttentionTypes => {
    const problem = problemOf(value)
    if (problem === null)
      return (value as [AttentionKind[], number | string][]).map(([kinds, repeat]) => [[...kinds], Number(repeat)])
    context.addIssue({ code: 'custom', message: problem })
    return z.NEVER
  })
  .meta({ expected: `a list of [kinds, repeat], such as ${example}` })

function problemOf(value: unknown): string | null {
  const shown = JSON.stringify(value)
  if (!Array.isArray(value)) return `must be a list of [kinds, repeat], such as ${example} (got ${shown})`
  if (value.length > 0 && value.every((kind) => typeof kind === 'string'))
    return `must be a list of [kinds, repeat] (got kinds without repeat, ${shown}). Write [[${shown}, 1]]`
  if (
    value.length === 2 &&
    Array.isArray(value[0]) &&
    value[0].every((kind) => typeof kind === 'string') &&
    isRepeat(value[1])
  )
    return `must be a list of [kinds, repeat] (got a single group, ${shown}). Write [${shown}]`
  if (
    value.length % 2 === 0 &&
    value.length > 0 &&
    value.every((part, i) => (i % 2 === 0 ? Array.isArray(part) : isRepeat(part)))
  )
    return `must be a list of [kinds, repeat] (got a flat list, ${shown}). Write ${JSON.stringify(pairsOf(value))}`
  for (const [i, group] of value.entries()) {
    const at = `group ${i + 1}`
    const got = `(got ${JSON.stringify(group)})`
    if (!Array.isArray(group) || group.length !== 2) return `${at} must be [kinds, repeat] ${got}`
    const [kinds, repeat] = group as [unknown, unknown]
    if (!Array.isArray(kinds) || kinds.length === 0) {
      return typeof kinds === 'string'
        ? `${at} must have a list of kinds ${got}. Write [["${kinds}"], ${JSON.stringify(repeat)}]`
        : `${at} must have a list of kinds before its repeat ${got}`
    }
    const odd = kinds.find((kind) => !attentionKindNames.includes(kind as AttentionKind))
    if (odd !== undefined)
      return `${at}: kind must be one of ${attentionKindNames.join(', ')} (got ${JSON.stringify(odd)})`
    if (!isRepeat(repeat)) return `${at}: repeat must be an integer >= 0 (got ${JSON.stringify(repeat)})`
  }
  return null
}

function pairsOf(value: readonly unknown[]): unknown[][] {
  return value.flatMap((kinds, i) => (i % 2 === 0 ? [[kinds, value[i + 1]]] : []))
}

function isRepeat(value: unknown): boolean {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return Number.isInteger(number) && (number as number) >= 0
}
