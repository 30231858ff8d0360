import { plural } from '../text/index.js'
import type { Machine } from './machine.js'
import type { Figure } from './plots.js'

/** A part of a report, independent of the output format. */
export type DocumentPart =
  | { readonly kind: 'title' | 'heading' | 'text'; readonly text: string }
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'figure'; readonly figure: Figure }
  | { readonly kind: 'code'; readonly text: string }

export const title = (text: string): DocumentPart => ({ kind: 'title', text })
export const heading = (text: string): DocumentPart => ({ kind: 'heading', text })
export const text = (text: string): DocumentPart => ({ kind: 'text', text })
export const table = (rows: readonly (readonly string[])[]): DocumentPart => ({ kind: 'table', rows })
export const figure = (figure: Figure): DocumentPart => ({ kind: 'figure', figure })

/** The first rows of a table of the environment: the versions, and the machine that the report was written on. */
export function machineRows({ neomesh, node, engine, cores, cpu }: Machine): string[][] {
  return [...versionRows({ neomesh, node }), ['engine', engine], ['processor', `${plural(cores, 'core')} of ${cpu}`]]
}

/** The first rows of a table of the environment: the versions, and the machines that the runs name, each once. */
export function machinesRows(machine: Machine, ofRuns: readonly string[]): string[][] {
  const machines = [...new Set(ofRuns)]
  return [...versionRows(machine), ...machines.map((each, i) => [i === 0 ? 'engine and processor' : 'also', each])]
}

const versionRows = ({ neomesh, node }: Pick<Machine, 'neomesh' | 'node'>): string[][] => [
  ['', ''],
  ['neomesh', neomesh],
  ['Node', node],
]
