/** Problems of a JSON file as text. */
import type { z } from 'zod'

/** One indented line per problem, with its key. */
export function schemaProblems({ issues }: z.ZodError): string {
  return issues
    .flatMap(inWords)
    .map((line) => `\n  ${line}`)
    .join('')
}

function inWords(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${key}: no such key`)
  const what = issue.message.replace(/^[\w ]+: /, '')
  const problem = what.endsWith('received undefined') ? 'it is missing' : what
  return [issue.path.length === 0 ? problem : `${issue.path.join('.')}: ${problem}`]
}
