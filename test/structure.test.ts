/** The shape of the project: who may import whom, and that the README's tree is the tree. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { primitives } from '../src/tensor/index.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const ignored = readFileSync(join(root, '.gitignore'), 'utf8')
  .split('\n')
  .map((line) => line.replaceAll('/', ''))

/** The tree in the README: folders by depth, each with its phrase. */
const tree = [.../```\n(bin\/[^]*?)```/.exec(readme)![1].matchAll(/^( *)(\S+)\/ +(.*)$/gm)].map(
  ([, indent, name, phrase]) => ({ name, phrase, room: indent.length > 0 }),
)
const rooms = tree.filter(({ room }) => room).map(({ name }) => name)

const foldersIn = (path: string) =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

test('the tree in the README has every folder and every room of src, and none that is gone', () => {
  const kept = foldersIn('.').filter((name) => name !== '.git' && !ignored.includes(name))
  assert.deepEqual(
    tree
      .filter(({ room }) => !room)
      .map(({ name }) => name)
      .sort(),
    kept,
  )
  assert.deepEqual(rooms.toSorted(), foldersIn('src'))
  for (const { name, phrase } of tree) assert.ok(phrase.length > 10, `${name}/ has no phrase`)
})

test('imports point up the list of rooms in the README only', () => {
  const wrong: string[] = []
  for (const file of sourcesIn('src')) {
    const room = file.split('/')[1]
    if (room === 'index.ts' || room === 'deprecated.ts' || file === 'src/browser/modules.ts') continue // they export from all rooms
    // The language depends on nothing, not even on files.
    const allowed = room === 'tensor' ? [room] : rooms.slice(0, rooms.indexOf(room) + 1)
    for (const target of importsOf(file))
      if (!allowed.includes(target.split('/')[1])) wrong.push(`${file} imports ${target}`)
  }
  assert.deepEqual(wrong, [])
})

test('the model keeps its dims in types: few casts, and none in the reference', () => {
  const casts = (file: string) =>
    readFileSync(join(root, file), 'utf8')
      .replace(/\/\*[^]*?\*\/|\/\/.*|^(?:import|export)\b[^]*?\bfrom .*/gm, '')
      .match(/\bas (?!const\b)[A-Za-z_[{(]/g)?.length ?? 0
  const files = [...sourcesIn('src/model'), ...sourcesIn('src/attention')]
  const total = files.reduce((sum, file) => sum + casts(file), 0)
  // Lower the limit with the number; casts that remain are where a dim is only known when a program is traced.
  assert.ok(total <= 69, `${total} casts`)
  assert.equal(casts('src/model/gpt-neo.ts'), 0)
})

/** Imports of files inside another room: may only fall, and is to be lowered with them. Most are of engine's, of tensor. */
const DEEP_IMPORTS = 150

test('a room imports another through its index; what still goes around it may only become less', () => {
  const found: Record<string, string[]> = {}
  for (const file of sourcesIn('src')) {
    const room = file.split('/')[1]
    for (const target of importsOf(file)) {
      const [, other, ...rest] = target.split('/')
      if (other !== room && rest.length > 0 && rest.join('/') !== 'index.ts')
        (found[`${room} -> ${other}`] ??= []).push(`${file} imports ${target}`)
    }
  }
  const all = Object.values(found).flat()
  assert.ok(all.length <= DEEP_IMPORTS, `${all.length}:\n${all.join('\n')}`)
})

test('nothing in src imports a test or a benchmark', () => {
  for (const file of sourcesIn('src'))
    for (const target of importsOf(file)) assert.match(target, /^src\//, `${file} imports ${target}`)
})

test('files are opened by the room files alone, which knows gs:// as well; others look at this machine', () => {
  const ofThisMachine = [
    'src/browser/build.ts', // the bundle
    'src/cli/doctor.ts', // what is installed
    'src/cli/front.ts', // the process in front of this one
    'src/cli/main.ts', // the package's own version
    'src/cloud/stand-in/workers.ts', // machines that are folders of this one
    'src/engine/tfjs/native.ts', // libraries
    'src/engine/xla/cache.ts', // compiled programs, kept here
    'src/engine/xla/discovery.ts', // libraries
    'src/engine/xla/pjrt/plugin.ts',
    'src/engine/xla/pjrt/process.ts',
    'src/plan/ahead/compile.ts',
    'src/plan/gpu/toolchain.ts', // memory of a process
    'src/runtime/node.ts', // paths, and the package's version
  ]
  const opening = sourcesIn('src').filter(
    (file) => !file.startsWith('src/files/') && specifiersIn(file).some((name) => /^node:(fs|path)/.test(name)),
  )
  assert.deepEqual(opening, ofThisMachine)
})

test('folders are made by makeFolder alone, for that of node:fs can hang', () => {
  const making = sourcesIn('src').filter((file) =>
    /\bmkdir(Sync)?\([^)]*recursive/.test(readFileSync(join(root, file), 'utf8')),
  )
  assert.deepEqual(making, [])
})

test('packages that src imports are dependencies of the package', () => {
  type Packages = Record<string, string>
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as { dependencies: Packages; optionalDependencies: Packages; peerDependencies: Packages }
  const spare = { ...optionalDependencies, ...peerDependencies }
  const used = new Set(
    [...sourcesIn('src'), ...sourcesIn('kernels')]
      .flatMap((file) => [...specifiersIn(file), ...resolvedIn(file)])
      .filter((name) => !/^(\.|#|node:)/.test(name))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      )
      .filter((name) => !(name in spare)),
  )
  // They make the bundle for browsers, which users have ready made; papaparse comes with danfojs-node.
  for (const name of ['buffer', 'esbuild', 'node-inspect-extracted', 'papaparse']) used.delete(name)
  used.add('@types/node') // our declarations name Node's types, and the demo without PyPI reads its comments
  assert.deepEqual([...used].sort(), Object.keys(dependencies).sort())
})

test('the core of the kernel, which browsers share, imports nothing of Node', () => {
  for (const file of sourcesIn('kernels/core')) {
    assert.deepEqual(
      specifiersIn(file).filter((name) => name.startsWith('node:')),
      [],
      file,
    )
    for (const target of importsOf(file)) assert.match(target, /^(kernels\/core|src\/notebook)\//, file)
    const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '')
    assert.doesNotMatch(text, /\b(process\.|Buffer\b|NodeJS\.|setImmediate)/, file)
  }
})

test('commands and files that the README names exist', () => {
  const makefile = readFileSync(join(root, 'Makefile'), 'utf8')
  for (const [, target] of readme.matchAll(/(?:`|^ +)make ([a-z-]+)/gm))
    assert.match(makefile, new RegExp(`^${target}:`, 'm'), `make ${target}`)
  for (const [path] of readme.matchAll(/(?<!dist\/)\b(?:src|configs|test|bench)\/[\w./-]+\w/g))
    assert.ok(existsSync(join(root, path)), path)
})

test('no circle of imports at run time: which file is loaded first does not matter', () => {
  // Compiled files have no imports of types alone.
  const files = (readdirSync(join(root, 'dist/src'), { recursive: true }) as string[])
    .map((name) => `dist/src/${name.split(sep).join('/')}`)
    .filter((name) => name.endsWith('.js') && existsSync(join(root, name.slice(5).replace(/\.js$/, '.ts'))))
  assert.ok(files.length > 300, 'build first')
  const imports = new Map(files.map((file) => [file, importsOf(file).map((name) => name.replace(/\.ts$/, '.js'))]))
  assert.deepEqual(circlesOf(imports), [])
})

test('nothing decides by the name of a primitive but its own file and the tables of engines', () => {
  const tables = /^src\/(tensor\/ops\/|engine\/(xla|host|tfjs)\/(\w+-)?rows\.ts$)/
  const names = Object.keys(primitives)
  const literal = `'(?:${names.join('|')})'`
  const deciding = new RegExp(
    [
      /\b(?:node|operation|op|primitive)\.(?:name|primitiveName)\b\s*(?:[!=]==?|as\b)/.source,
      /\bhas\(\s*(?:\w+\.)*(?:node|operation|op|primitive)\.name/.source,
      String.raw`\b(?:name|primitiveName)\s*[!=]==?\s*${literal}|${literal}\s*[!=]==?\s*(?:\w+\.)*name\b`,
      String.raw`\bcase ${literal}:`,
      String.raw`\[\s*\[?\s*${literal}(?:,[^\]]*?${literal}){2}`,
    ].join('|'),
  )
  const wrong = sourcesIn('src').filter((file) => {
    if (tables.test(file)) return false
    const text = readFileSync(join(root, file), 'utf8')
    if (!/tensor\//.test(text) && !file.startsWith('src/tensor/')) return false
    // The two printers look up the row of an operation.
    const rest = text.replace(/ROWS\[node\.name as PrimitiveName\]|name: node\.name as PrimitiveName/g, '')
    return deciding.test(rest)
  })
  assert.deepEqual(wrong, [])
})

/** The strongly connected parts of a graph that have several members. Source: Tarjan 1972. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (file: string): void => {
    index.set(file, index.size)
    low.set(file, index.get(file)!)
    stack.push(file)
    for (const next of graph.get(file)!) {
      if (!graph.has(next)) continue
      if (!index.has(next)) visit(next)
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!))
    }
    if (low.get(file) !== index.get(file)) return
    const part = stack.splice(stack.indexOf(file))
    if (part.length > 1) circles.push(part.sort())
  }
  for (const file of graph.keys()) if (!index.has(file)) visit(file)
  return circles
}

/** Packages of which a file is looked up. */
function resolvedIn(file: string): string[] {
  return [...readFileSync(join(root, file), 'utf8').matchAll(/require\.resolve\('([^']+)'\)/g)].map(([, name]) => name)
}

function sourcesIn(folder: string): string[] {
  return (readdirSync(join(root, folder), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .sort()
}

/** What a file imports or exports from, as written. */
function specifiersIn(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = [...text.matchAll(/^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|\bimport\(?[ (]'([^']+)'/gm)]
  return found.map(([, from, bare]) => from ?? bare)
}

/** Files of this project that a file imports, by path from the root. */
function importsOf(file: string): string[] {
  return specifiersIn(file)
    .filter((name) => name.startsWith('.'))
    .map((name) =>
      relative(root, resolve(root, file, '..', name))
        .split(sep)
        .join('/')
        .replace(/\.js$/, '.ts'),
    )
}
