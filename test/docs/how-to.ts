/** Applies a page of docs/how-to to a copy of the tree: blocks ```ts FILE are new files, blocks ```diff FILE change one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

export interface Block {
  readonly kind: string
  readonly file: string
  readonly text: string
}

export function readBlocks(page: string): Block[] {
  const text = readFileSync(join(root, 'docs/how-to', page), 'utf8')
  return [...text.matchAll(/^```(ts|diff) (\S+)\n([^]*?)^```$/gm)].map(([, kind, file, text]) => ({ kind, file, text }))
}

/** Writes a new file, or replaces the lines of a diff, which must be in the file once. */
export function applyBlock(copy: string, { kind, file, text }: Block): void {
  const path = join(copy, file)
  if (kind === 'ts') {
    assert.ok(!existsSync(path), `${file} is new`)
    return writeFileSync(path, text)
  }
  const lines = text.trimEnd().split('\n')
  const side = (sign: string) =>
    lines
      .filter((line) => line[0] === ' ' || line[0] === sign)
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  const parts = `\n${readFileSync(path, 'utf8')}`.split(`\n${side('-')}`)
  assert.equal(parts.length, 2, `${file} has these lines once:\n${side('-')}`)
  writeFileSync(path, parts.join(`\n${side('+')}`).slice(1))
}

/** What the compiler says of the copy, which has a tsconfig.json. */
export function compileCopy(copy: string): string {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  return spawnSync(process.execPath, [compiler, '-p', copy], { encoding: 'utf8', cwd: copy }).stdout
}
