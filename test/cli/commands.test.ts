/** What help and a bare import load: their time is that of the modules, which is counted here rather than timed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { commandNamed, COMMANDS } from '../../src/cli/commands.js'
import { runHere } from './run-here.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

test('the list of commands shows what each command says of itself', async () => {
  for (const [name, { term, description, load }] of Object.entries(COMMANDS)) {
    const command = await load('1.2.3')
    assert.equal(command.name(), name)
    assert.equal(description, command.description())
    assert.equal(term, command.createHelp().subcommandTerm(command))
  }
})

test('the command is found before its options are read', () => {
  assert.equal(commandNamed(['train', '-r', 'run', 'config.json']), 'train')
  assert.equal(commandNamed(['help', 'train']), 'train')
  assert.equal(commandNamed(['--help']), undefined)
})

test('help names every command; help of one shows its options', async () => {
  const { stdout } = await runHere(['--help'])
  for (const { term } of Object.values(COMMANDS)) assert.ok(stdout.includes(`  ${term} `), term)
  assert.match((await runHere(['help', 'train'])).stdout, /--run <folder>/)
  assert.match((await runHere(['trian'])).stderr, /unknown command 'trian' \(Did you mean train\?\)/)
})

test('help loads the command line parser and nothing of the rooms', () => {
  const { files, packages } = loadedBy('dist/src/cli/main.js')
  assert.deepEqual(packages, ['commander'])
  assert.deepEqual(files, [
    'dist/src/cli/commands.js',
    'dist/src/cli/errors.js',
    'dist/src/cli/front.js',
    'dist/src/cli/guard.js',
    'dist/src/cli/interrupt.js',
    'dist/src/cli/main.js',
    'dist/src/files/end-with-parent.js',
  ])
})

test('import of neomesh loads small packages only: not the server, TensorFlow.js, the cloud or a hub', () => {
  const { packages } = loadedBy('dist/src/index.js')
  assert.deepEqual(packages, ['@huggingface/jinja', 'fflate', 'koffi', 'protobufjs/minimal.js', 'xxhash-wasm', 'zod'])
})

const { imports } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
  imports: Readonly<Record<string, { readonly default: string }>>
}

/** Files and packages that a compiled file loads when it is imported; what it imports later, when called, is not among them. */
function loadedBy(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    const text = readFileSync(resolve(root, file), 'utf8')
    for (const [, from, bare] of text.matchAll(
      /^(?:import|export)\b[^'"]*?\bfrom ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm,
    )) {
      const name = from ?? bare
      if (name.startsWith('#')) visit(relative(root, resolve(root, imports[name].default)))
      else if (name.startsWith('.')) visit(relative(root, resolve(root, file, '..', name)))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  visit(entry)
  return { files: [...files].sort(), packages: [...packages].sort() }
}
