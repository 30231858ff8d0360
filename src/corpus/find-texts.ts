/** Which text files there are, and which files are none. */
import { globFiles, isFolder, isGlob, listFiles, stat, withFileErrors } from '../files/index.js'
import { streamBytes } from './byte-stream.js'
import { headBytes, looksLikeText } from './encoding.js'
import { DataError } from './error.js'
import { endingOf, kindOf, knownEndings, packingOf, remedyFor } from './kinds.js'

export interface FoundTexts {
  readonly files: readonly string[]
  /** Files of folders and patterns that are not text. */
  readonly passedOver: readonly string[]
}

/**
 * The text files that files, folders (with all below them) and patterns stand for: in the order given, within a folder
 * or pattern in natural order, each once. In a folder or pattern a file whose name does not say what it is is read if
 * it looks like text, and others are passed over; a file that is named must be text. Throws DataError, FileError.
 */
export async function findTexts(inputs: string | readonly string[]): Promise<FoundTexts> {
  const files = new Set<string>()
  const passedOver = new Set<string>()
  for (const input of typeof inputs === 'string' ? [inputs] : inputs) {
    const { all, single } = await filesOf(input, passedOver)
    const texts: string[] = []
    for (const file of all) {
      if (single ? kindOf(file) !== 'no text' : await isText(file)) texts.push(file)
      else if (single) throw new DataError(`${file} must be text or JSON lines: ${remedyFor(file)}`)
      else passedOver.add(file)
    }
    if (texts.length === 0) throw new DataError(nothingFound(input, [...passedOver]))
    for (const file of texts) files.add(file)
  }
  if (files.size === 0) throw new DataError('no input files were given. Name files, folders or patterns')
  return { files: [...files], passedOver: [...passedOver].filter((file) => !files.has(file)) }
}

async function filesOf(input: string, passedOver: Set<string>): Promise<{ all: readonly string[]; single: boolean }> {
  const onUnreadable = (path: string) => void passedOver.add(path)
  if (await isFolder(input)) return { all: await listFiles(input, { onUnreadable }), single: false }
  if (isGlob(input)) {
    const all = await globFiles(input, { onUnreadable })
    return { all, single: all.length === 1 && all[0] === input }
  }
  await withFileErrors('read', input, () => stat(input))
  return { all: [input], single: true }
}

async function isText(file: string): Promise<boolean> {
  const kind = kindOf(file)
  if (kind !== undefined) return kind !== 'no text'
  for await (const head of streamBytes(file)) return looksLikeText(head.subarray(0, headBytes))
  return packingOf(file) === ''
}

function nothingFound(input: string, passedOver: readonly string[]): string {
  if (passedOver.length === 0) return `${input}: no file is there. Name files, folders or patterns with text`
  return `${input} must have text files (${knownEndings}). P${describePassedOver(passedOver).slice(1)}`
}

/** A line for a person: how many files were passed over, their endings, and what would make text of them. */
export function describePassedOver(files: readonly string[]): string {
  const byEnding = new Map<string, string[]>()
  for (const file of files) {
    const ending = `${endingOf(file)}${packingOf(file)}` || 'without an ending'
    byEnding.set(ending, [...(byEnding.get(ending) ?? []), file])
  }
  const groups = [...byEnding].sort(([, a], [, b]) => b.length - a.length)
  const endings = groups
    .slice(0, endingsNamed)
    .map(([ending, { length }]) => `${length.toLocaleString('en-US')} ${ending}`)
  if (groups.length > endingsNamed) endings.push(`${groups.length - endingsNamed} more endings`)
  const remedies = [
    ...new Set(
      groups.slice(0, endingsNamed).flatMap(([, [file]]) => (kindOf(file) === 'no text' ? [remedyFor(file)] : [])),
    ),
  ]
  const count = `${files.length.toLocaleString('en-US')} file${files.length === 1 ? '' : 's'}`
  const remedy = remedies.length > 0 ? `. To read them: ${remedies.join('; ')}` : ''
  return `passed over, not text: ${count} (${endings.join(', ')}), such as ${files[0]}${remedy}`
}

const endingsNamed = 6
