/** Functions of Python's strings that lm-evaluation-harness uses, so that equal texts are scored. */

/** What str.isspace() holds for; JavaScript's \s has U+FEFF besides, and lacks five control characters. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const TRAILING = new RegExp(`[${SPACE}]+$`)
const LEADING = new RegExp(`^[${SPACE}]+`)
const SPACES = new RegExp(`[${SPACE}]+`)

export function rstrip(text: string): string {
  // The pattern alone would take quadratic time on long spaces inside of a text.
  let end = text.length
  while (end > 0 && TRAILING.test(text[end - 1])) end--
  return text.slice(0, end)
}

export function strip(text: string): string {
  return rstrip(text).replace(LEADING, '')
}

/** str.capitalize(): the first character in title case, the others in lower case. */
export function capitalize(text: string): string {
  const [first = ''] = text
  const upper = first.toUpperCase()
  const [head = ''] = upper
  return head + upper.slice(head.length).toLowerCase() + text.slice(first.length).toLowerCase()
}

/** len(): code points. */
export function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** len(re.split(r"\s+", text)): words, with an empty one beside spaces at an end. */
export function countWords(text: string): number {
  return text.split(SPACES).length
}
