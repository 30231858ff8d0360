/** Checks a cell's text before it is compiled: its syntax, and `export` in pasted code. */
import type { CompilerApi, SourceFile, Statement } from './compiler-api.js'
import type { Diagnostic, Position } from './tslab.js'

/** Makes the text a module, as tslab does, so that `await` may be outside functions. */
const PREFIX = 'export {};\n'
/** Limit on the syntax errors shown: later ones mostly follow from the first. */
const SHOWN = 3

/** The cell's syntax errors, in order; none where it parses. */
export function syntaxErrors(ts: CompilerApi, source: string): Diagnostic[] {
  return parse(ts, source)
    .parseDiagnostics.slice(0, SHOWN)
    .map(({ start, length, code, messageText }) => {
      const from = clamp(source, start - PREFIX.length)
      return {
        start: positionOf(source, from),
        end: positionOf(source, Math.min(source.length, from + length)),
        messageText: ts.flattenDiagnosticMessageText(messageText, ' '),
        code,
      }
    })
}

/** Codes of errors of grammar that the checker finds, such as `break` outside a loop. */
export const isGrammar = ({ code, fileName }: Diagnostic) =>
  fileName === undefined && code >= 1000 && code < 1200 && !MODULE_ERRORS.has(code)
/** A package without a default export; an import that needs an option. */
const MODULE_ERRORS = new Set([1149, 1192])

/**
 * The cell without `export`: cells share their variables anyway, and pasted modules have it. Lines stay, and columns up
 * to the end of an exported expression. `export ... from` becomes an import; `export default EXPRESSION`, the
 * expression.
 */
export function withoutExports(ts: CompilerApi, source: string): string {
  if (!/\bexport\b/.test(source)) return source
  const file = parse(ts, source)
  let text = PREFIX + source
  const replace = (start: number, end: number, by: string) => {
    const removed = text.slice(start, end)
    const blank = removed.slice(by.length).replace(/[^\n]/g, ' ')
    text = text.slice(0, start) + by + blank + text.slice(end)
  }
  // From the last to the first, as parentheses move what follows.
  for (const statement of file.statements.slice(1).toReversed()) removeExport(ts, file, statement, replace)
  return text.slice(PREFIX.length)
}

type Replace = (start: number, end: number, by: string) => void

function removeExport(ts: CompilerApi, file: SourceFile, statement: Statement, replace: Replace): void {
  const { ExportKeyword, DefaultKeyword, ClassDeclaration, FunctionDeclaration } = ts.SyntaxKind
  const start = statement.getStart(file)
  // A semicolon, as the line before may end without one.
  const asExpression = (from: number, to: number) => {
    replace(to, to, ')')
    replace(from - 2, from, ';(')
  }
  if (ts.isExportAssignment(statement)) {
    const { expression } = statement
    const from = expression!.getStart(file)
    replace(start, from, '')
    asExpression(from, expression!.end)
  } else if (ts.isExportDeclaration(statement)) {
    const { moduleSpecifier, exportClause } = statement
    if (!moduleSpecifier) replace(start, statement.end, '')
    else if (exportClause) replace(start, start + 'export'.length, 'import')
    else replace(start, moduleSpecifier.getStart(file), 'import')
  } else {
    const keywords = (statement.modifiers ?? []).filter(({ kind }) => kind === ExportKeyword || kind === DefaultKeyword)
    const isNameless =
      !statement.name && (statement.kind === ClassDeclaration || statement.kind === FunctionDeclaration)
    for (const keyword of keywords) replace(keyword.getStart(file), keyword.end, '')
    if (keywords.length > 0 && isNameless) asExpression(keywords.at(-1)!.end, statement.end)
  }
}

const parse = (ts: CompilerApi, source: string) =>
  ts.createSourceFile('cell.ts', PREFIX + source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS)

/** An error at the end of the text is shown at the end of the last line that has any. */
function clamp(source: string, offset: number): number {
  const end = source.trimEnd().length
  return Math.max(0, Math.min(offset, end))
}

function positionOf(source: string, offset: number): Position {
  const before = source.slice(0, offset).split('\n')
  return { offset, line: before.length - 1, character: before.at(-1)!.length }
}
