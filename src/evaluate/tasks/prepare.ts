/** Reads the data of tasks and encodes it for a model. */
import { findTexts, readDocuments, readJsonValues } from '../../corpus/index.js'
import { normaliser } from '../../data/index.js'
import { sha256 } from '../../files/index.js'
import { createEncoder, type Encoder } from '../encode.js'
import { EvaluationError } from '../error.js'
import type { Form } from '../metrics.js'
import type { ModelConfig } from '../../config/index.js'
import type { Tokenizer } from '../../tokenizer/index.js'
import { choiceItem, QUESTIONS } from './choices.js'
import { continuation, lastTokens, lastWord } from './continuations.js'
import { fieldsOf, type Item, type Line } from './item.js'
import { KINDS, type KindName } from './kinds.js'
import { parseTask, stem, type TaskSpec } from './specs.js'
import { checkStride, documentItems, packedItems, type Document } from './texts.js'

/** A task encoded for one model. */
export interface PreparedTask {
  readonly name: string
  readonly kind: KindName
  readonly form: Form
  /** sha256 of the data; with `stride`, equal for equal items. */
  readonly data: string
  /** Of the texts: tokens between windows. */
  readonly stride?: number
  readonly items: readonly Item[]
  /** Items whose context did not fit and was cut at its beginning. */
  readonly truncated: number
}

export interface PrepareTaskOptions {
  /** Tokens that windows over long texts move on by. @default n_ctx */
  readonly stride?: number
  /** Key of the text in .jsonl files of the kinds `text` and `packed`. @default 'text' */
  readonly textKey?: string
}

type Shape = { readonly config: ModelConfig; readonly tokenizer: Tokenizer }

/** Reads and encodes tasks. Throws EvaluationError, DataError, FileError. */
export async function prepareTasks(
  model: Shape,
  tasks: readonly (string | TaskSpec)[],
  options: PrepareTaskOptions = {},
): Promise<PreparedTask[]> {
  if (tasks.length === 0) throw new EvaluationError('tasks must not be empty (got none). Name one, as in lambada=FILE')
  const { stride = model.config.n_ctx, textKey = 'text' } = options
  checkStride(stride, model.config.n_ctx)
  const prepared: PreparedTask[] = []
  for (const task of tasks) {
    const spec = typeof task === 'string' ? await parseTask(task) : task
    prepared.push(await prepareTask(createEncoder(model.tokenizer, model.config), spec, { stride, textKey }, prepared))
  }
  return prepared
}

async function prepareTask(
  encoder: Encoder,
  spec: TaskSpec,
  { stride, textKey }: Required<PrepareTaskOptions>,
  before: readonly PreparedTask[],
): Promise<PreparedTask> {
  const { kind } = spec
  const { form } = KINDS[kind]
  const isText = form === 'text' || form === 'packed'
  const key = kind === 'wikitext' ? 'page' : textKey
  const lines = isText ? [] : await linesOf(spec)
  const documents = isText ? await documentsOf(spec, key) : []
  const data = sha256(JSON.stringify(isText ? documents : lines.map(({ value }) => value)))
  const items = isText ? textItems(encoder, kind, documents, stride) : lineItems(encoder, kind, lines)
  const name = nameOf(spec, before)
  if (items.length === 0) throw new EvaluationError(`task ${name} must have at least one item (got none)`)
  return { name, kind, form, data, items, truncated: encoder.truncated, ...(isText && { stride }) }
}

/** The kind, or the name given; with a number if there is one of that name. */
function nameOf({ name, kind, files = [] }: TaskSpec, before: readonly PreparedTask[]): string {
  const taken = (wanted: string) => before.some((task) => task.name === wanted)
  const wanted = name ?? kind
  if (!taken(wanted)) return wanted
  const byFile = files.length > 0 ? `${wanted}:${stem(files[0])}` : wanted
  for (let number = 2; ; number++) {
    const tried = number === 2 && byFile !== wanted ? byFile : `${byFile}-${number}`
    if (!taken(tried)) return tried
  }
}

const detokenise = normaliser({ wikitext: true })

function textItems(encoder: Encoder, kind: KindName, documents: readonly string[], stride: number): Item[] {
  const given = documents.map((text): Document =>
    kind === 'wikitext' ? { text: detokenise(text), original: text } : { text },
  )
  return kind === 'packed' ? packedItems(encoder, given, stride) : documentItems(encoder, given, stride)
}

function lineItems(encoder: Encoder, kind: KindName, lines: readonly Line[]): Item[] {
  if (kind === 'lambada-token') return lastTokens(encoder, lines)
  if (kind === 'lambada') return lines.map((line) => lastWord(encoder, line))
  if (kind === 'continuations') return lines.map((line) => continuation(encoder, line))
  const questionOf = QUESTIONS[kind]
  const several = kind === 'blimp' || kind === 'pairs'
  return lines.map((line): Item => {
    const item = choiceItem(encoder, questionOf(line), line)
    return several ? { ...item, group: groupOf(line) } : item
  })
}

/** BLiMP's files say of which phenomenon a pair is; else the file does. */
function groupOf(line: Line): string {
  const { UID, group } = fieldsOf(line)
  return typeof UID === 'string' ? UID : typeof group === 'string' ? group : line.file
}

async function linesOf({ kind, files, values = [] }: TaskSpec): Promise<Line[]> {
  const lines = values.map((value, i): Line => ({ value, where: `${kind}, value ${i + 1}`, file: kind }))
  if (files === undefined) return lines
  for (const path of (await findTexts(files)).files)
    for await (const { value, line } of readJsonValues(path))
      lines.push({ value, where: `${path}:${line}`, file: stem(path) })
  return lines
}

async function documentsOf({ kind, files, values = [] }: TaskSpec, textKey: string): Promise<string[]> {
  const texts = values.map((value, i) => {
    const text = typeof value === 'string' ? value : (value as Record<string, unknown> | null)?.[textKey]
    if (typeof text === 'string') return text
    throw new EvaluationError(`${kind}, value ${i + 1}: must be a text, or have one under "${textKey}"`)
  })
  if (files === undefined) return texts
  let parts: string[] = []
  for await (const { text, last } of readDocuments((await findTexts(files)).files, { textKey })) {
    parts.push(text)
    if (!last) continue
    texts.push(parts.join(''))
    parts = []
  }
  return texts
}
