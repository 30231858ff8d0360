/** What the files of ablations on text and on tasks have in common. */
import { FileError, isAbsolute, join, readJson } from '../files/index.js'

export type Keys = Readonly<Record<string, unknown>>

/** Settings of an ablation's file that do not depend on what it compares. */
export interface ParseAblation {
  /** Name in errors. @default 'ablation' */
  readonly source?: string
  /** Folder that its paths are relative to. @default '.' */
  readonly folder?: string
  /** @default 'ablation' */
  readonly name?: string
}

export function isObject(value: unknown): value is Keys {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** A path of a file, of which relative ones begin at its folder. */
export function within(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}

/** Notes a name that cannot be a part of folder names. */
export function checkName(at: string, name: string, problems: string[]): void {
  if (!/^[a-z][\w.+-]*$/i.test(name))
    problems.push(`${at}: the name must be a letter, then letters, digits and - _ . + (it is a part of folder names)`)
}

/** The keys of a base, which may be named by the path of its file; null and a problem if that cannot be read. */
export async function readBase(base: unknown, folder: string, problems: string[]): Promise<unknown> {
  if (typeof base !== 'string') return base
  try {
    return await readJson(within(folder, base))
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    problems.push(`base: ${error.message}`)
    return null
  }
}
