import type { z } from 'zod'
import { deprecatedKeys } from '../parse/deprecated-keys.js'
import { aboutOf, defaultOf, isRequired } from './key.js'
import { mixtureKeys } from './mixture.js'
import { expectedOf } from './kinds.js'
import { sections } from './model-keys.js'

/** The documentation of a key. */
export interface KeyDescription {
  readonly section: string
  readonly name: string
  /** What its value must be, such as "an integer >= 1". */
  readonly kind: string
  /** "required", JSON, or words where it depends on other keys. */
  readonly default: string
  readonly meaning: string
  /** File and function of GPT-Neo that reads it, or neomesh. */
  readonly source: string
}

/** All keys in the order of their sections, those of moe_params after the others. */
export function describeKeys(): KeyDescription[] {
  const all: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = { ...sections, moe_params: mixtureKeys }
  return Object.entries(all).flatMap(([section, keys]) =>
    Object.entries(keys).map(([name, schema]) => {
      const { meaning, source, inert, otherwise } = aboutOf(schema)
      const fallback = isRequired(schema) ? 'required' : (JSON.stringify(defaultOf(schema)) ?? '')
      return {
        section,
        name,
        kind: expectedOf(schema),
        source,
        default: otherwise ?? fallback,
        meaning: inert === undefined ? meaning : `${meaning}. No effect here: ${inert}`,
      }
    }),
  )
}

/** The keys as Markdown: a table for each section. */
export function keyTables(): string {
  const keys = describeKeys()
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const code = (text: string) => (/^[[{"\d-]|^(true|false)$/.test(text) ? `\`${text}\`` : text)
  return [...new Set(keys.map(({ section }) => section))]
    .map((section) => {
      const rows = keys
        .filter((each) => each.section === section)
        .map(
          ({ name, kind, default: fallback, meaning, source }) =>
            `| \`${name}\` | ${[meaning, kind, code(fallback), source].map(cell).join(' | ')} |\n`,
        )
      const title = section === 'moe_params' ? '`moe_params`' : section
      return `### ${title}\n\n| key | meaning | value | default | read in |\n|---|---|---|---|---|\n${rows.join('')}`
    })
    .join('\n')
}

/** Keys of older configs as Markdown. */
export function deprecatedTable(): string {
  const rows = Object.entries(deprecatedKeys).map(([key, now]) => `| \`${key}\` | ${now} |\n`)
  return `| key | now |\n|---|---|\n${rows.join('')}`
}
