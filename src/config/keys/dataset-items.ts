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
  .meta({ says: 'a list of names, or of [name, stitch, mode, weight]' })

function problemOf(value: unknown): string | null {
  if (typeof value === 'string') return `${JSON.stringify(value)} is not a list; write [${JSON.stringify(value)}]`
  if (!Array.isArray(value))
    return `${JSON.stringify(value)} is not a list of names, or of [name, stitch, mode, weight]`
  for (const [i, item] of value.entries()) {
    const at = `item ${i + 1}, ${JSON.stringify(item)},`
    if (typeof item === 'string' && item !== '') continue
    if (!Array.isArray(item) || item.length > 4 || typeof item[0] !== 'string' || item[0] === '')
      return `${at} is neither a name nor [name, stitch, mode, weight]`
    const [, stitch, mode, weight] = item as unknown[]
    if (!absent(stitch) && !(Number.isInteger(stitch) && (stitch as number) >= 1))
      return `${at} has a stitch that is not a whole number from 1 on`
    if (!absent(mode) && typeof mode !== 'string')
      return `${at} has a mode that is not a text, such as "documents_random"`
    if (!absent(weight) && !(typeof weight === 'number' && weight >= 0))
      return `${at} has a weight that is not a number from 0 on`
  }
  return null
}
