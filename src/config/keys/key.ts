import * as z from 'zod'

/** What the key table states about a key beside its kind and default. */
export interface About {
  /** One line. */
  readonly meaning: string
  /** Where GPT-Neo reads it: file and function; `neomesh` for keys of our own. */
  readonly source: string
  /** Why the key has no effect here, if it never has. */
  readonly inert?: string
  /** The default in words, where it depends on other keys. */
  readonly otherwise?: string
}

/** A key of a config: a kind of value, possibly with a default, and its documentation. */
export function key<S extends z.ZodType>(
  schema: S,
  meaning: string,
  source: string,
  more: Omit<About, 'meaning' | 'source'> = {},
): S {
  return schema.meta({ description: meaning, source, ...more })
}

export function aboutOf(schema: z.ZodType): About {
  const { description, source, inert, otherwise } = schema.meta() as Record<string, string | undefined>
  return { meaning: description ?? '', source: source ?? '', inert, otherwise }
}

/** The default of a key; undefined if it has none. */
export function defaultOf(schema: z.ZodType): unknown {
  return schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined
}

/** Whether every config must have the key. */
export function isRequired(schema: z.ZodType): boolean {
  return !(schema instanceof z.ZodDefault) && !(schema instanceof z.ZodOptional)
}
