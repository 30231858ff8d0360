import * as z from 'zod'
import { activationNames } from './activation-names.js'

/**
 * Kinds of values that keys have. Each says what it wants in words that fit after "is not", for errors and tables.
 * Numbers may be written as strings, as in some released configs of GPT-Neo ("1e-30").
 */
const saying = <S extends z.ZodType>(says: string, schema: S): S => schema.meta({ says })
const number = <S extends z.ZodType>(says: string, schema: S) => saying(says, z.preprocess(fromText, schema))

export const size = number('a whole number from 1 on', z.number().int().min(1))
/** More layers than any model has: what is computed of a config goes layer by layer. */
export const layerCount = number('a whole number from 1 to 10000', z.number().int().min(1).max(10_000))
export const count = number('a whole number from 0 on', z.number().int().min(0))
export const id = number('a token id: a whole number from 0 on', z.number().int().min(0))
export const positive = number('a number above 0', z.number().positive())
export const notNegative = number('a number from 0 on', z.number().min(0))
/** A part of things that is dropped or forgotten: not all of them. */
export const rate = number('a number from 0 to below 1', z.number().min(0).lt(1))
export const probability = number('a number from 0 to 1', z.number().min(0).max(1))
export const flag = saying('true or false', z.boolean())
export const text = saying('a text', z.string())
export const ids = saying('a list of token ids', z.array(z.number().int().min(0)))
export const layers = saying('a list of layer numbers from 0 on', z.array(z.number().int().min(0)))

/** Names that are said one by one; of more there is a list where it is wanted. */
export const fewNames = 8

/** One of some names. */
export function oneOf<const T extends readonly string[]>(names: T) {
  return saying(`one of ${names.join(', ')}`, z.enum(names))
}
export const activation = saying('the name of an activation', z.enum(activationNames))

function fromText(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value
}

/** What a key's value is to be, in words; of a schema with a default, what its inner schema says. */
export function saysOf(schema: z.ZodType): string {
  for (let at: z.ZodType | undefined = schema; at; at = (at.def as { innerType?: z.ZodType }).innerType) {
    const says = at.meta()?.says
    if (typeof says === 'string') return says
  }
  throw new Error('a key without words for its kind')
}
