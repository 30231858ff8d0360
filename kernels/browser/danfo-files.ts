/**
 * Reading and writing of files by danfo.js in a browser: it replaces danfojs-node's `io/node`, which needs Node. Paths are those
 * of the kernel's files. What writes a file returns a promise, as a browser cannot write at once.
 */
import type * as filesRoom from '../../src/files/index.js'
import { parse, unparse } from 'papaparse'

/** Given by the kernel when the script is loaded (modules.ts). */
declare function require(name: 'neomesh/files'): typeof filesRoom
/** At a call, as danfo.js imports this file before it has made the class. */
declare function require(name: 'danfojs-frame'): { readonly default: new (rows: unknown[], options?: object) => Frame }

/** Of danfo.js; `readCSV` passes the others on to papaparse. */
interface Options {
  readonly frameConfig?: object
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly filePath?: string
  readonly sep?: string
  readonly header?: boolean
  readonly format?: 'row' | 'column'
}

interface Frame {
  readonly $isSeries: boolean
  readonly columns: readonly string[]
  readonly values: readonly unknown[]
}

const isAddress = (path: string) => /^https?:/.test(path)

async function textOf(path: string, { method, headers }: Options): Promise<string> {
  if (!isAddress(path)) return require('neomesh/files').readText(path)
  const response = await fetch(path, { method, headers })
  if (!response.ok) throw new Error(`${path} must be reachable (HTTP status ${response.status})`)
  return response.text()
}

const write = (path: string, ending: string, text: string): Promise<void> =>
  require('neomesh/files').writeFileAtomic(path.endsWith(ending) ? path : path + ending, text)

function makeFrame(rows: unknown[], options?: object): Frame {
  const { default: DataFrame } = require('danfojs-frame')
  return new DataFrame(rows, options)
}

export async function readCSVNode(path: string, options: Options = {}): Promise<Frame> {
  const { frameConfig, ...given } = options
  const config = { header: true, dynamicTyping: true, skipEmptyLines: 'greedy', ...given, download: false }
  const { data } = parse(await textOf(path, options), config)
  return makeFrame(data, frameConfig)
}

export async function readJSONNode(path: string, options: Options = {}): Promise<Frame> {
  return makeFrame(JSON.parse(await textOf(path, options)) as unknown[], options.frameConfig)
}

/** The text, or a promise of the written file where `filePath` is given. */
export function toCSVNode(frame: Frame, { filePath, sep = ',', header = true }: Options = {}): string | Promise<void> {
  const data = frame.$isSeries ? frame.values.map((value) => [value]) : frame.values
  const text = unparse({ fields: frame.columns, data }, { delimiter: sep, header, newline: '\n' })
  return filePath === undefined ? text : write(filePath, '.csv', text)
}

export function toJSONNode(frame: Frame, { filePath, format = 'column' }: Options = {}): object | Promise<void> {
  const columnOf = (i: number) => frame.values.map((row) => (row as unknown[])[i])
  const value = frame.$isSeries
    ? { [frame.columns[0]]: frame.values }
    : format === 'row'
      ? Object.fromEntries(frame.columns.map((name, i) => [name, columnOf(i)]))
      : frame.values.map((row) => Object.fromEntries(frame.columns.map((name, i) => [name, (row as unknown[])[i]])))
  return filePath === undefined ? value : write(filePath, '.json', JSON.stringify(value))
}

const needsNode = (name: string) => () => {
  throw new Error(`danfo.js's ${name} must be called in Node (this is a browser). Use readCSV or readJSON`)
}
export const streamCSVNode = needsNode('streamCSV')
export const streamJSONNode = needsNode('streamJSON')
export const readExcelNode = needsNode('readExcel')
export const toExcelNode = needsNode('toExcel')
export const openCsvInputStreamNode = needsNode('streamCsvTransformer')
export const writeCsvOutputStreamNode = needsNode('streamCsvTransformer')
