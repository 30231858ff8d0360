/** Which tasks, on which files. */
import { findTexts, hasJsonLines, readJsonValues } from '../../corpus/index.js'
import { basename, join, packageFolder } from '../../files/index.js'
import { EvaluationError } from '../error.js'
import { isKind, kindNames, kindOfLine, KINDS, type KindName } from './kinds.js'

/** A task on files, or on values as lines of a file hold them (of the kinds `text` and `packed`: `{"text": ...}`). */
export interface TaskSpec {
  readonly kind: KindName
  /** @default the kind */
  readonly name?: string
  /** Files, folders and patterns. */
  readonly files?: readonly string[]
  readonly values?: readonly unknown[]
}

/** Small tasks that come with neomesh, made from the texts of the demo (see docs/evaluation.md). */
const SHIPPED: Readonly<Record<string, { kind: KindName; file: string }>> = {
  'demo-words': { kind: 'lambada', file: 'demo-words.jsonl' },
  'demo-pairs': { kind: 'pairs', file: 'demo-pairs.jsonl' },
}

/**
 * A task as the command line and `eval_tasks` write it: KIND=PATH, a file of one's own, or `demo-words` and `demo-pairs`.
 * Throws EvaluationError, FileError, DataError.
 */
export async function parseTask(text: string): Promise<TaskSpec> {
  const shipped = Object.hasOwn(SHIPPED, text) ? SHIPPED[text] : undefined
  if (shipped) {
    const file = join(packageFolder, 'configs/tasks', shipped.file)
    return { kind: shipped.kind, name: text, files: [file] }
  }
  const [, kind, path] = /^([a-z][a-z0-9_-]*)=(.+)$/.exec(text) ?? []
  if (kind !== undefined) {
    if (!isKind(kind))
      throw new EvaluationError(`the kind of a task must be one of ${kindNames.join(', ')} (got "${kind}")`)
    return { kind, files: [path] }
  }
  if (isKind(text))
    throw new EvaluationError(`task ${text} must name its data (${KINDS[text].data}). Write ${text}=FILE`)
  const { files } = await findTexts(text)
  return { kind: await kindOfFile(files[0]), name: stem(files[0]), files: [text] }
}

async function kindOfFile(file: string): Promise<KindName> {
  if (!hasJsonLines(file)) return 'text'
  for await (const { value } of readJsonValues(file)) {
    const kind = kindOfLine(value)
    if (kind !== undefined) return kind
    const keys = typeof value === 'object' && value !== null ? Object.keys(value).slice(0, 12) : []
    throw new EvaluationError(
      `${file}: its lines must have the keys of a task (got ${keys.join(', ') || 'none'}). Name its kind, as in ` +
        `hellaswag=${file}: ${kindNames.join(', ')}`,
    )
  }
  throw new EvaluationError(`${file} must have at least one line (got none)`)
}

/** A file's name without folders and endings. */
export function stem(path: string): string {
  return basename(path).replace(/(\.(jsonl|json|txt|md|gz|zst))+$/i, '')
}
