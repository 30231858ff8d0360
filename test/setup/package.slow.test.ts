/** The packed package as a stranger has it: installed in an empty folder, without the checkout. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const world = mkdtempSync(join(tmpdir(), 'neomesh-package-'))
const project = join(world, 'my-project')
/** The user's folder is empty, too; the plugin and Jupyter come from PyPI. */
const environment = { ...process.env, NEOMESH_CACHE: join(world, 'cache'), NODE_OPTIONS: '', CI: '' }

const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
const run = (command: string, args: readonly string[], cwd: string, more: Record<string, string> = {}) => {
  const result = spawnSync(command, args, { cwd, env: { ...environment, ...more }, encoding: 'utf8' })
  assert.equal(result.status, 0, `${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`)
  return result.stdout
}

let archive: string

before(() => {
  const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', world], { cwd: root, encoding: 'utf8' })
  writeFileSync(join(world, 'package.json'), '{ "private": true }')
  archive = name.trim().split('\n').at(-1)!
  run('npm', ['install', ...quiet, `./${archive}`], world)
  run('npx', ['neomesh', 'init', 'my-project'], world)
  run('npm', ['run', 'setup', '--', '--yes'], project)
})
after(() => rmSync(world, { recursive: true, force: true }))

test("the library brings no compiler: the project's tsc stays its own", () => {
  assert.equal(spawnSync('ls', ['node_modules/.bin/tsc'], { cwd: world }).status, 2)
  const { devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  assert.equal(run('npx', ['tsc', '--version'], project).trim(), `Version ${devDependencies.typescript}`)
})

test('the import type-checks under strict, with the resolution of Node and of bundlers', () => {
  run('npm', ['run', 'check'], project)
  const bundled = join(project, 'bundled')
  mkdirSync(bundled)
  writeFileSync(
    join(bundled, 'a.ts'),
    "import * as neo from 'neomesh'\n" +
      "export const x: neo.Dim<'batch'> = neo.dim('batch', 2)\n" +
      "// @ts-expect-error: the dims of a tensor are part of its type\nexport const y: neo.Dim<'heads'> = x\n",
  )
  const options = { strict: true, noEmit: true, target: 'es2022', module: 'esnext', moduleResolution: 'bundler' }
  writeFileSync(join(bundled, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, types: ['node'] } }))
  run('npx', ['tsc', '-p', 'bundled'], project)
})

test('the example trains 20 steps on XLA, and the command samples from its run', () => {
  const printed = run('npm', ['run', 'train', '--', '20'], project)
  assert.match(printed, /step 20 of 20: loss \d/)
  const sample = run('npx', ['neomesh', 'sample', 'runs/first/run', '-p', 'The state', '-n', '8'], project)
  assert.match(sample, /^The state/)
})

test('a lesson runs without a browser on the installed kernel', () => {
  const [jupyter, output] = [join(project, '.venv/bin/jupyter'), join(world, 'out.ipynb')]
  const args = ['nbconvert', '--to', 'notebook', '--execute', '--output', output, 'notebooks/01_tokenizer.ipynb']
  run(jupyter, args, project, { NEOMESH_PARAM_vocabSize: '300', NEOMESH_PARAM_texts: '3' })
  assert.match(readFileSync(output, 'utf8'), /300 tokens|the whole address comes back unchanged/)
})

test("Colab's notebook installs the kernel for the Jupyter that is there, and runs a lesson on it", () => {
  const { cells } = JSON.parse(readFileSync(join(project, 'notebooks/colab/colab.ipynb'), 'utf8')) as Colab
  const sources = cells.filter(({ cell_type }) => cell_type === 'code').map(({ source }) => [source].flat().join(''))
  const values: Readonly<Record<string, string>> = {
    package: join(world, archive),
    folder: join(world, 'colab'),
    lesson: '01_tokenizer.ipynb',
    parameters: 'vocabSize=300 texts=3',
  }
  // As its form does; the rest is as it is.
  let code = sources.join('\n')
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^${name} = ".*"(?=  #@param)`, 'm')
    assert.match(code, line)
    code = code.replace(line, `${name} = ${JSON.stringify(value)}`)
  }
  writeFileSync(join(world, 'colab.py'), code)
  // The environment of the project has a kernel of that name, too.
  const data = { JUPYTER_DATA_DIR: join(world, 'jupyter'), JUPYTER_PREFER_ENV_PATH: 'no' }
  const printed = run(join(project, '.venv/bin/python'), ['colab.py'], world, data)
  assert.match(printed, /The kernel is installed\. Lessons: 00_first_model\.ipynb .*\n\d+ characters of HTML/)
  const specs = run(join(project, '.venv/bin/jupyter'), ['kernelspec', 'list', '--json'], world, data)
  const { kernelspecs } = JSON.parse(specs) as { kernelspecs: Record<string, { resource_dir: string }> }
  assert.equal(kernelspecs.neomesh.resource_dir, join(world, 'jupyter/kernels/neomesh'))
  const ran = readFileSync(join(world, 'colab/lessons/notebooks/01_tokenizer.ipynb'), 'utf8')
  assert.match(ran, /the whole address comes back unchanged/)
})

interface Colab {
  readonly cells: readonly { readonly cell_type: string; readonly source: string | readonly string[] }[]
}

test('the lessons as a static site are written without a checkout', () => {
  assert.match(run('npx', ['neomesh', 'site', 'site'], project), /^wrote site: \d+ files, \d+ MB\n/)
  const { cells } = JSON.parse(readFileSync(join(project, 'site/files/00_first_model.ipynb'), 'utf8')) as Notebook
  assert.ok(cells.length > 5)
  for (const name of ['index.html', 'lab/index.html', 'extensions/neomesh-kernel/static/worker.js'])
    assert.ok(readFileSync(join(project, 'site', name)).length > 100, name)
})

interface Notebook {
  readonly cells: readonly object[]
}

test('set-up again has nothing to do; a folder that exists is refused by init', () => {
  assert.match(run('npx', ['neomesh', 'setup'], project), /^nothing to install/)
  const { status, stderr } = spawnSync('npx', ['neomesh', 'init', 'my-project'], {
    cwd: world,
    env: environment,
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.equal(stderr, 'neomesh: my-project must be a new folder (it exists). Name another one.\n')
})
