/** The public API as text: for each entry of the package its exports, with kind and declaration, from the built declarations. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Checker, Compiler, Declaration, Entity } from './compiler.js'

// tslab brings the only TypeScript with an API that the project installs: version 7 has none.
const ts = createRequire(import.meta.url)('@tslab/typescript-for-tslab') as Compiler
export const root = fileURLToPath(new URL('../../../', import.meta.url))

export interface ApiEntry {
  /** As it is imported: `neomesh/tensor`. */
  readonly name: string
  /** The checked-in report's file in docs/api. */
  readonly file: string
  readonly exports: readonly ApiExport[]
}

export interface ApiExport {
  readonly name: string
  readonly kind: 'function' | 'class' | 'interface' | 'type' | 'const' | 'namespace'
  /** Whether it exists at run time: not a type, nor a class that is exported as a type alone. */
  readonly isValue: boolean
  /** As TypeScript declares it, without comments. */
  readonly text: string
  readonly documented: boolean
  /** Deprecated at this entry. */
  readonly deprecated: boolean
  /** The declaration, by path from the root of the package and line from 1: equal for equal exports. */
  readonly source: string
}

/** The entries that package.json lists, in its order. Build first. */
export function readApi(): ApiEntry[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types: string } | string>
  }
  const entries = Object.entries(exports).flatMap(([path, entry]) =>
    typeof entry === 'string' ? [] : [{ name: `neomesh${path.slice(1)}`, types: join(root, entry.types) }],
  )
  const program = ts.createProgram(
    entries.map(({ types }) => types),
    { noLib: true, types: [], skipLibCheck: true, module: ts.ModuleKind.NodeNext },
  )
  const checker = program.getTypeChecker()
  return entries.map(({ name, types }) => {
    const file = program.getSourceFile(types)!
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file)!)
    return {
      name,
      file: `docs/api/${name.replace('/', '-')}.txt`,
      exports: symbols.map((symbol) => describe(checker, symbol)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    }
  })
}

/** A report: one declaration per paragraph. `known` has exports of other entries, which the root only names. */
export function reportOf(entry: ApiEntry, known: readonly ApiEntry[] = []): string {
  const rooms = new Map(known.flatMap(({ name, exports }) => exports.map(({ source }) => [source, name] as const)))
  const current = entry.exports.filter(({ deprecated }) => !deprecated)
  const old = entry.exports.filter(({ deprecated }) => deprecated)
  const lines = current.map(({ name, kind, text, source }) =>
    rooms.has(source) ? `${kind} ${name}: see ${rooms.get(source)}` : `${kind} ${name}\n${text.replace(/^/gm, '  ')}`,
  )
  const heading = `${entry.name}: ${current.length} exports. Made by \`npm run api\`; a test compares it.`
  const tail = old.length === 0 ? [] : [`deprecated (${old.length}): ${old.map(({ name }) => name).join(', ')}`]
  return [heading, ...lines, ...tail].join('\n\n').replace(/([^\n]*: see [^\n]*)\n\n(?=[^\n]*: see )/g, '$1\n') + '\n'
}

function describe(checker: Checker, symbol: Entity): ApiExport {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
  const target = isAlias ? checker.getAliasedSymbol(symbol) : symbol
  const declarations = target.declarations ?? []
  const [first] = declarations
  const file = first.getSourceFile()
  const kind = kindOf(target)
  return {
    name: symbol.name,
    kind,
    isValue: kind !== 'type' && kind !== 'interface' && !isTypeOnly(checker, symbol),
    text: kind === 'namespace' ? `* of ${short(file.fileName)}` : declarations.map(printed).join('\n'),
    documented: ts.displayPartsToString(target.getDocumentationComment(checker)) !== '' || kind === 'namespace',
    deprecated: ownTags(symbol).includes('deprecated'),
    source: `${short(file.fileName)}:${file.getLineAndCharacterOfPosition(first.getStart()).line + 1}:${target.name}`,
  }
}

/** Tags of the export itself and of the specifiers on the way to it, not of what is declared elsewhere. */
function ownTags(symbol: Entity): string[] {
  return (symbol.declarations ?? []).flatMap((node) => ts.getJSDocTags(node).map(({ tagName }) => tagName.text))
}

function isTypeOnly(checker: Checker, symbol: Entity): boolean {
  for (let at: Entity | undefined = symbol; at !== undefined;) {
    const [node] = at.declarations ?? []
    if (node?.isTypeOnly || node?.parent?.parent?.isTypeOnly) return true
    at = (at.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getImmediateAliasedSymbol(at) : undefined
  }
  return false
}

function kindOf({ flags }: Entity): ApiExport['kind'] {
  const { Class, Function, Variable, Interface, ValueModule } = ts.SymbolFlags
  if (flags & Class) return 'class'
  if (flags & Function) return 'function'
  if (flags & Variable) return 'const'
  if (flags & ValueModule) return 'namespace'
  return flags & Interface ? 'interface' : 'type'
}

const printer = ts.createPrinter({ removeComments: true })

function printed(node: Declaration): string {
  const whole = ts.isVariableDeclaration(node) ? node.parent!.parent! : node
  const text = printer.printNode(ts.EmitHint.Unspecified, whole, node.getSourceFile())
  // Private members are no API.
  return text
    .replace(/^(export )?(declare )?/, '')
    .replace(/^ +(private|#)[^\n]*\n/gm, '')
    .trim()
}

const short = (path: string) => path.slice(root.length).replace(/^dist\//, '')
