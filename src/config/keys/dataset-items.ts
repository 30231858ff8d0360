import { z } from 'zod'

/** A data set of a config: its name, or [name, stitch, mode, weight], of which the last three may be null or absent. */
export type DatasetItem = string | [name: string, stitch?: number | null, mode?: string | null, weight?: number | null]

const absent = (value: unknown) => value === null || value === undefined

/** `datasets`. Source: gpt-neo configs.py (fetch_model_params), inputs.py (generic_text). */
export const datasetItems = z
  .unknown()
  .transform((value, context): DatasetItem[] => {
    const problem = problemOf(value)
    if (problem === null) return value as DatasetItem[]
    context.addIssue({ code: 'custom', message: problem })
    return z.NEVER
  })
  .meta({ expected: 'a list of names, or of [name, stitch, mode, weight]' })

function problemOf(value: unknown): string | null {
  if (typeof value === 'string')
    return `must be a list (got ${JSON.stringify(value)}). Write [${JSON.stringify(value)}]`
  if (!Array.isArray(value))
    return `must be a list of names, or of [name, stitch, mode, weight] (got ${JSON.stringify(value)})`
  for (const [i, item] of value.entries()) {
    const at = `item ${i + 1}`
    const got = `(got ${JSON.stringify(item)})`
    if (typeof item === 'string' && item !== '') continue
    if (!Array.isArray(item) || item.length > 4 || typeof item[0] !== 'string' || item[0] === '')
      return `${at} must be a name or [name, stitch, mode, weight] ${got}`
    const [, stitch, mode, weight] = item as unknown[]
    if (!absent(stitch) && !(Number.isInteger(stitch) && (stitch as number) >= 1))
      return `${at}: stitch must be an integer >= 1 ${got}`
    if (!absent(mode) && typeof mode !== 'string')
      return `${at}: mode must be a string, such as "documents_random" ${got}`
    if (!absent(weight) && !(typeof weight === 'number' && weight >= 0))
      return `${at}: weight must be a number >= 0 ${got}`
  }
  return null
}
