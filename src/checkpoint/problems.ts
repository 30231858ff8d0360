/** What can be wrong with a checkpoint, each in one line. */
import type { z } from 'zod'
import { ConfigError, parseModelConfig, type ModelConfig } from '../config/index.js'
import { FileError } from '../files/index.js'

export const REMEDY =
  'Use a copy, or an earlier checkpoint (a run resumes from the previous one if this folder is removed)'

/** A manifest by its schema. Throws FileError. */
export function parseAs<S extends z.ZodType>(schema: S, json: unknown, path: string): z.infer<S> {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [{ path: at, message }] = parsed.error.issues
  const what = message.replace(/^Invalid input: /, '').replace(/, received undefined$/, ', got nothing')
  throw new FileError(`${path} is not a checkpoint's manifest: ${at.join('.') || 'it'}: ${what}. ${REMEDY}`, path)
}

export function configOf({ config }: { readonly config: Record<string, unknown> }, path: string): ModelConfig {
  try {
    return parseModelConfig(config, `${path} "config"`).config
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new FileError(
      `${cause.message}. The checkpoint was written by another version of neomesh, or is damaged`,
      path,
    )
  }
}

export function wrongModel(folder: string, what: string): FileError {
  return new FileError(
    `${folder} does not match this model or optimizer: ${what}. Use the config it was saved with`,
    folder,
  )
}

export function isCorrupt(file: string): FileError {
  return new FileError(`${file} is corrupt: it differs from what was saved. ${REMEDY}`, file)
}

/** The entry of a variable. Throws FileError if it is absent or has another shape. */
export function entryOf<T extends { readonly shape: readonly number[] }>(
  folder: string,
  { variables, base }: { readonly variables: Readonly<Record<string, T>>; readonly base?: { readonly path: string } },
  name: string,
  shape: readonly number[],
): T {
  const entry = Object.hasOwn(variables, name) ? variables[name] : undefined
  if (!entry && base) throw wrongModel(folder, `it has adapters of ${base.path} alone, and no variable "${name}"`)
  if (!entry) throw wrongModel(folder, `it has no variable "${name}"`)
  if (entry.shape.join() !== shape.join())
    throw wrongModel(folder, `"${name}" is [${entry.shape.join(', ')}], not [${shape.join(', ')}]`)
  return entry
}

/** NaN and infinity would silently contaminate every later step. */
export function checkFinite(values: Float32Array, name: string, folder: string): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue
    const what = `"${name}" holds ${values[i]} (element ${i}): training had diverged`
    throw new FileError(`${folder}: ${what}. ${REMEDY}`, folder)
  }
}
