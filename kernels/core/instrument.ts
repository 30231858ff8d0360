/**
 * Rewrites the JavaScript of a cell so that it can be interrupted anywhere: a check at the start of every loop
 * body and function, `await` and `for await` passed through functions of interrupts.ts, and `import()` through the
 * kernel's loader. Code outside cells (packages, regular expressions) is not rewritten; see node/attendant-thread.ts.
 */
import type { Block, Call, CompilerApi, Node, Repeating, SourceFile, Statement, Transformer } from './compiler-api.js'

/** Optional: the text of a function may be evaluated where the kernel is not, as in a worker. */
const CHECK = 'globalThis.__neomesh__?.check()'
const WAIT = '__neomesh__.wait'
const EACH = '__neomesh__.each'
const LOAD = '__neomesh__.load'

/** What the transformer finds in the module. */
export interface Found {
  /** Whether an `await` or `for await` is outside functions. */
  awaits: boolean
  /** Specifiers of `import` statements. */
  imports: string[]
}

/** `lineOf`: line of the cell of a position (line and column from 0) in the text being transformed. */
export function instrument(
  ts: CompilerApi,
  lineOf: (line: number, column: number) => number,
  found: Found,
): Transformer {
  const { factory } = ts
  const identifier = (text: string) => factory.createIdentifier(text)
  const check = () => factory.createExpressionStatement(identifier(CHECK))

  const checked = (body: Node): Node => {
    if (!ts.isBlock(body)) return factory.createBlock([check(), body], false)
    const { statements } = body as Block
    const directives = statements.findIndex((statement) => !ts.isPrologueDirective(statement))
    const at = directives < 0 ? statements.length : directives
    return factory.updateBlock(body, [...statements.slice(0, at), check(), ...statements.slice(at)])
  }

  return (context) => (file: SourceFile) => {
    let functions = 0
    const through = (name: string, node: Node) => {
      if (functions === 0) found.awaits = true
      const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file))
      const cellLine = factory.createNumericLiteral(lineOf(line, character))
      return factory.createCallExpression(identifier(name), undefined, [visit(node), cellLine])
    }
    /** A function or loop whose body begins with a check. */
    const repeated = (node: Repeating) =>
      ts.visitEachChild(
        node,
        (child) => {
          if (child === node.statement) return checked(visit(child))
          if (child !== node.body) return visit(child)
          const body = visit(child)
          if (ts.isBlock(body)) return checked(body)
          return factory.createParenthesizedExpression(factory.createComma(identifier(CHECK), body))
        },
        context,
      )
    const visit = (node: Node): Node => {
      if (ts.isAwaitExpression(node)) return factory.updateAwaitExpression(node, through(WAIT, node.expression))
      if (ts.isForOfStatement(node) && node.awaitModifier) {
        const { awaitModifier, initializer, expression, statement } = node
        const each = through(EACH, expression)
        return factory.updateForOfStatement(node, awaitModifier, visit(initializer), each, checked(visit(statement)))
      }
      if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
        const given = (node as Call).arguments.map(visit)
        return factory.createCallExpression(identifier(LOAD), undefined, [identifier('require'), ...given])
      }
      if (ts.isIterationStatement(node, false)) return repeated(node)
      if (!ts.isFunctionLike(node)) return ts.visitEachChild(node, visit, context)
      functions++
      const visited = repeated(node)
      functions--
      return visited
    }
    for (const statement of file.statements as readonly Statement[])
      if (ts.isImportDeclaration(statement)) found.imports.push(statement.moduleSpecifier!.text)
    return ts.visitEachChild(file, visit, context)
  }
}
