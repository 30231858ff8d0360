/** The documents of text files, one after the other. */
import { DataError } from './error.js'
import { kindOf, remedyFor } from './kinds.js'
import { readJsonLines } from './read-json-lines.js'
import { readText } from './read-text.js'
import { newReport, type ReadReport } from './report.js'

/** A document, or a part of a long one. */
export interface DocumentPiece {
  readonly text: string
  /** Whether the document ends here. */
  readonly last: boolean
  readonly path: string
  /** Line of a .jsonl file, from 1. */
  readonly line?: number
}

export interface ReadOptions {
  /** The key of a .jsonl line that holds the text. @default 'text' */
  textKey?: string
  /** Skip lines of .jsonl that cannot be used, and report them. @default false: they are errors */
  skipBadLines?: boolean
  report?: ReadReport
}

/** Whether each line of a file is a JSON object. Throws DataError for a file whose name says that it is no text. */
export function hasJsonLines(file: string): boolean {
  const kind = kindOf(file)
  if (kind === 'no text') throw new DataError(`${file} must be text or JSON lines: ${remedyFor(file)}`)
  return kind === 'lines'
}

/** The documents of these files, in order, in bounded memory (one piece of 4 MiB, or one .jsonl line). */
export async function* readDocuments(
  files: readonly string[],
  options: ReadOptions = {},
): AsyncGenerator<DocumentPiece> {
  const { textKey = 'text', skipBadLines, report = newReport() } = options
  for (const file of files) {
    yield* hasJsonLines(file) ? readJsonLines(file, { textKey, skipBadLines }, report) : readText(file, report)
  }
}
