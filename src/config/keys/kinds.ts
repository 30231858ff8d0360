import * as z from 'zod'
import { activationNames } from './activation-names.js'

/**
 * Kinds of values that keys have. Each is described in words that fit after "must be", for errors and tables.
 * Numbers may be written as strings, as in some released configs of GPT-Neo ("1e-30").
 */
const described = <S extends z.ZodType>(expected: string, schema: S): S => schema.meta({ expected })
const number = <S extends z.ZodType>(expected: string, schema: S) => described(expected, z.preprocess(fromText, schema))

export const size = number('an integer >= 1', z.number().int().min(1))
/** The limit is above any model's: deriving facts from a config takes time per layer. */
export const layerCount = number('an integer from 1 to 10000', z.number().int().min(1).max(10_000))
export const count = number('an integer >= 0', z.number().int().min(0))
export const id = number('a token id: an integer >= 0', z.number().int().min(0))
export const positive = number('a number > 0', z.number().positive())
export const notNegative = number('a number >= 0', z.number().min(0))
/** A dropout rate or a decay: 1 would drop or keep everything. */
export const rate = number('a number >= 0 and < 1', z.number().min(0).lt(1))
export const part = number('a number > 0 and <= 1', z.number().positive().max(1))
export const probability = number('a number from 0 to 1', z.number().min(0).max(1))
export const flag = described('true or false', z.boolean())
export const text = described('a string', z.string())
export const ids = described('a list of token ids', z.array(z.number().int().min(0)))
export const patterns = described(
  'a list of regular expressions',
  z.array(
    z.string().refine((text) => {
      try {
        return new RegExp(text).source !== ''
      } catch {
        return false
      }
    }),
  ),
)
export const layers = described('a list of layer indices, from 0', z.array(z.number().int().min(0)))

/** Up to this many names are part of the description; longer lists are only in errors. */
export const fewNames = 8

/** One of some names. */
export function oneOf<const T extends readonly string[]>(names: T) {
  return described(`one of ${names.join(', ')}`, z.enum(names))
}
export const activation = described('the name of an activation', z.enum(activationNames))

function fromText(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value
}

/** What a key's value must be, in words; for a schema with a default, the words of its inner schema. */
export function expectedOf(schema: z.ZodType): string {
  for (let at: z.ZodType | undefined = schema; at; at = (at.def as { innerType?: z.ZodType }).innerType) {
    const expected = at.meta()?.expected
    if (typeof expected === 'string') return expected
  }
  throw new Error('a key whose kind has no description')
}
