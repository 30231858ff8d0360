/** docs/how-to/reader.md and command.md, applied to one copy of the tree. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { applyBlock, compileCopy, readBlocks, root } from './how-to.js'

let copy: string
before(() => {
  copy = mkdtempSync(join(tmpdir(), 'neomesh-how-to-'))
  for (const name of ['src', 'bin', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const compilerOptions = {
    rootDir: '.',
    outDir: 'dist',
    incremental: false,
    tsBuildInfoFile: null,
    declaration: false,
  }
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions,
    include: ['src'],
    exclude: ['src/web/page', 'src/serve/page'],
  }
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(settings))
})
after(() => rmSync(copy, { recursive: true, force: true }))

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/neomesh.mjs', ...args], {
    cwd: copy,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('a reader touches three files and a command two, and they compile', () => {
  const [reader, command] = [readBlocks('reader.md'), readBlocks('command.md')]
  assert.equal(new Set(reader.map(({ file }) => file)).size, 3)
  assert.equal(new Set(command.map(({ file }) => file)).size, 2)
  for (const block of [...reader, ...command]) applyBlock(copy, block)
  assert.equal(compileCopy(copy), '')
})

test('the new command is in the help and counts what the new reader reads', () => {
  assert.match(run('--help').stdout, /count .*count the documents and characters of texts/)
  writeFileSync(
    join(copy, 'a.srt'),
    '1\r\n00:00:01,000 --> 00:00:02,000\r\nHello,\r\nworld.\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,500\r\nBye.\r\n',
  )
  assert.deepEqual(run('count', 'a.srt'), { status: 0, stdout: '1 documents, 18 characters\n', stderr: '' })
})

test('a file of another format is one line of error', () => {
  writeFileSync(join(copy, 'b.srt'), 'Not subtitles\n')
  const stderr = 'neomesh: b.srt: block Not subtitles must have a timing in its second line. Is this a SubRip file?\n'
  assert.deepEqual(run('count', 'b.srt'), { status: 1, stdout: '', stderr })
})
