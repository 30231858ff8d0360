/** Cells whose syntax is wrong, and pasted modules. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root, startKernel, type TestKernel } from './client.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-syntax-'))
let kernel: TestKernel
before(async () => (kernel = await startKernel(folder)))
after(async () => {
  await kernel?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const reported: readonly string[] = JSON.parse(
  readFileSync(join(root, 'test/fixtures/cases/kernel-syntax-noise/cells.json'), 'utf8'),
)
const wrong: readonly (readonly [cell: string, message: string, line: number])[] = [
  [reported[0], "'}' expected.", 4],
  [reported[1], "',' expected.", 1],
  [reported[2], "':' expected.", 2],
  ['const text = `abc\n\n', 'Unterminated template literal.', 1],
  ['const f = () => 1\n/* f', "'*/' expected.", 2],
  ['if (true) {} }\nelse {}', 'Declaration or statement expected.', 1],
  ['for (let i = 0; i < 3', "';' expected.", 1],
  ['const o = { a: 1,, b: 2 }', 'Property assignment expected.', 1],
  ["const s = 'abc", 'Unterminated string literal.', 1],
  ['f(1, 2', "')' expected.", 1],
  ['const f = 1\nbreak', "A 'break' statement can only be used within an enclosing iteration or switch statement.", 2],
  ['const x', "'const' declarations must be initialized.", 1],
]

test('errors of syntax are reported alone, with the line', async () => {
  for (const [cell, message, line] of wrong) {
    const { error, reply } = await kernel.run(cell)
    assert.deepEqual([reply.ename, reply.evalue], ['SyntaxError', message], cell)
    const [head, excerpt, marks] = error!.traceback.split('\n')
    assert.match(head, new RegExp(`^SyntaxError cell \\d+, line ${line}: `), cell)
    assert.equal(excerpt.trim(), `${line} ${cell.split('\n')[line - 1]}`.trim(), cell)
    assert.match(marks, /^ +~+$/)
    assert.doesNotMatch(error!.traceback, /Cannot find name|redeclare|Duplicate|Circular|TypeScriptError/)
  }
})

test('errors of types are reported as such', async () => {
  assert.equal((await kernel.run('const n: number = "one"')).error?.name, 'TypeScriptError')
})

test('a pasted export declares as without it', async () => {
  const cells: readonly (readonly [cell: string, use: string, result: string])[] = [
    ['export const one = 1', 'one', '1'],
    ['export let a = 1, b = 2', 'a + b', '3'],
    ['export function twice(x: number) {\n  return 2 * x\n}', 'twice(2)', '4'],
    ['export async function later() { return 5 }', 'await later()', '5'],
    ['export default function named() { return 6 }', 'named()', '6'],
    ['export class Point { x = 7 }', 'new Point().x', '7'],
    ['export default class Other { x = 8 }', 'new Other().x', '8'],
    ['export enum Colour { Red = 9 }', 'Colour.Red', '9'],
    [
      'export interface Shape { size: number }\nexport type Shapes = Shape[]',
      'const s: Shapes = [{ size: 3 }]\ns[0].size',
      '3',
    ],
    ['const here = 4\nexport { here, one as uno }', 'here', '4'],
    ['export { join } from "node:path"', "join('a', 'b')", "'a/b'"],
    ['export * as paths from "node:path"', "paths.join('a', 'b')", "'a/b'"],
    ['export type { Stats } from "node:fs"', 'let stats: Stats | undefined\nstats ?? 1', '1'],
  ]
  for (const [cell, use, result] of cells) {
    const declared = await kernel.run(cell)
    assert.equal(declared.error?.traceback, undefined, cell)
    assert.equal((await kernel.run(use)).result, result, cell)
  }
})

test('a pasted default export of a value is the result of the cell', async () => {
  assert.equal((await kernel.run('export default { a: 1 }')).result, '{ a: 1 }')
  assert.equal((await kernel.run('const x = 2\nexport default x * 3;')).result, '6')
  assert.match((await kernel.run('export default function () { return 1 }')).result!, /^\[Function/)
  assert.match((await kernel.run('export default class {}')).result!, /^\[class/)
})

test('an error in a cell with exports has its line', async () => {
  const { error } = await kernel.run('export const ok = 1\n\nexport const bad: number = "text"')
  assert.match(
    error!.traceback,
    /^TypeScriptError cell \d+, line 3: [^]*\n +3 export const bad: number = "text"\n +~~~/,
  )
})
