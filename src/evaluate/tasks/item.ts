import { DataError } from '../../corpus/index.js'
import type { ItemFigures } from '../metrics.js'
import type { Passage, PassageScores } from '../scorer.js'

/** A question to a model: what to score, and what the scores mean. */
export interface Item {
  readonly passages: readonly Passage[]
  /** Part of the task that it belongs to, such as a phenomenon of BLiMP. */
  readonly group?: string
  judge(scores: readonly PassageScores[]): ItemResult
}

/** The result of an item, as it is saved. */
export interface ItemResult {
  /** In nats, one per choice, or of the only text. */
  readonly logLikelihoods: readonly number[]
  /** Index of the right choice. */
  readonly gold?: number
  readonly figures: ItemFigures
}

/** A line of a task's file. */
export interface Line {
  readonly value: unknown
  /** File and line, for errors. */
  readonly where: string
  /** The file's name without its ending. */
  readonly file: string
}

/** Sum of log probabilities, in double precision. */
export function sumOf({ logProbabilities }: PassageScores): number {
  return logProbabilities.reduce((total, x) => total + x, 0)
}

export function fieldsOf({ value, where }: Line): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${where}: the line must be a JSON object (got ${nameOf(value)})`)
  return value as Record<string, unknown>
}

export function textOf(line: Line, key: string): string {
  const value = fieldsOf(line)[key]
  if (typeof value === 'string') return value
  throw wrong(line, key, 'hold text', value)
}

export function textsOf(line: Line, key: string): string[] {
  const value = fieldsOf(line)[key]
  if (Array.isArray(value) && value.length > 1 && value.every((each) => typeof each === 'string')) return value
  throw wrong(line, key, 'hold a list of two or more texts', value)
}

/** Index of the right one of `count` choices; digits as text are accepted, as files of the tasks have both. */
export function indexOf(line: Line, key: string, count: number): number {
  const value = fieldsOf(line)[key]
  const index = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < count) return index as number
  throw wrong(line, key, `be an integer from 0 to ${count - 1}`, value)
}

export function wrong(line: Line, key: string, rule: string, value: unknown): DataError {
  const keys = Object.keys(fieldsOf(line))
    .slice(0, 12)
    .map((name) => JSON.stringify(name.slice(0, 60)))
  if (value === undefined)
    return new DataError(`${line.where}: the line must have the key "${key}" (got ${keys.join(', ') || 'no keys'})`)
  const shown =
    typeof value === 'number'
      ? String(value)
      : typeof value === 'string'
        ? JSON.stringify(value.slice(0, 60))
        : nameOf(value)
  return new DataError(`${line.where}: key "${key}" must ${rule} (got ${shown})`)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
