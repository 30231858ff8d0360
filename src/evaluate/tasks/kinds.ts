/** The kinds of tasks: what their files hold, and what they report. */
import type { Form } from '../metrics.js'

export interface Kind {
  readonly form: Form
  /** What its files hold, for --help and errors. */
  readonly data: string
}

export const KINDS = {
  text: { form: 'text', data: 'texts; each document on its own' },
  packed: { form: 'packed', data: 'texts; all documents in one stream' },
  wikitext: { form: 'text', data: 'JSON lines with "page", detokenised as in lm-evaluation-harness' },
  lambada: { form: 'continuations', data: 'JSON lines with "text"; the last word, as in lm-evaluation-harness' },
  'lambada-token': { form: 'continuations', data: 'JSON lines with "text"; the last token, as in GPT-Neo' },
  hellaswag: { form: 'choices', data: 'JSON lines with "activity_label", "ctx_a", "ctx_b", "endings", "label"' },
  piqa: { form: 'choices', data: 'JSON lines with "goal", "sol1", "sol2", "label"' },
  arc: { form: 'choices', data: 'JSON lines with "question", "choices", "answerKey"' },
  winogrande: { form: 'pairs', data: 'JSON lines with "sentence", "option1", "option2", "answer"' },
  blimp: { form: 'pairs', data: 'JSON lines with "sentence_good", "sentence_bad"' },
  choices: { form: 'choices', data: 'JSON lines with "context", "choices", "gold"' },
  pairs: { form: 'pairs', data: 'JSON lines with "good", "bad"' },
  continuations: { form: 'continuations', data: 'JSON lines with "context", "continuation"' },
} as const satisfies Record<string, Kind>

export type KindName = keyof typeof KINDS

export const kindNames = Object.keys(KINDS) as readonly KindName[]

export function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name)
}

/** The kind of a file of one's own, by the keys of its first line. */
export function kindOfLine(value: unknown): KindName | undefined {
  const has = (key: string) => typeof value === 'object' && value !== null && Object.hasOwn(value, key)
  if (has('choices') && has('gold')) return 'choices'
  if (has('good') && has('bad')) return 'pairs'
  if (has('context') && has('continuation')) return 'continuations'
  return has('text') ? 'text' : undefined
}
