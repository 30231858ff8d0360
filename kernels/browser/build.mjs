/**
 * Bundles the kernel for browsers into dist/classroom: the extension of JupyterLite, the worker, the compiler and the
 * declarations that it reads. Run after the build, by `make site`; an argument names another folder.
 */
import { build } from 'esbuild'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { browserBuild } from '../../dist/src/browser/bundle.js'
import { writeSiteFiles } from '../../dist/src/browser/pack.js'

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, '../..')
const parts = resolve(process.argv[2] ?? join(root, 'dist/classroom'))
const out = join(parts, 'extension')
const require = createRequire(import.meta.url)
const { exports, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const requireOfTslab = createRequire(require.resolve('tslab'))
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

const common = {
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'warning',
}

/** The library is taken as built: package.json's `imports` name built files, and none may be there twice. */
const built = {
  name: 'built',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.\/.*\/src\/.*\.js$/ }, ({ path, resolveDir }) => {
      const file = resolve(resolveDir, path)
      return file.startsWith(join(root, 'src')) ? { path: join(root, 'dist', relative(root, file)) } : undefined
    })
    // Files that look for their own lines in stack traces, where find-source.ts has put them.
    onLoad({ filter: /\/(tensor\/source-location|model\/scope)\.js$/ }, ({ path }) => {
      const url = JSON.stringify(`file:///lab/${relative(root, path)}`)
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url) }
    })
  },
}

await Promise.all([bundlePages(), bundleExtension(), bundleWorker(), bundleCompiler(), bundleDanfo()])
copyFileSync(require.resolve('plotly.js-dist-min'), join(parts, 'plotly.min.js'))
packDeclarations()
await writeSiteFiles(out)

function bundlePages() {
  const entryPoints = ['start.ts', 'service-worker.ts', 'style.css'].map((name) => join(here, 'site', name))
  return build({ ...common, entryPoints, outdir: parts })
}

function bundleExtension() {
  return build({
    ...common,
    ...browserBuild({ version, root }),
    plugins: [built],
    entryPoints: [join(here, 'extension.ts')],
    outfile: join(out, 'remoteEntry.js'),
  })
}

function bundleWorker() {
  return build({
    ...common,
    ...browserBuild({ version, root }),
    plugins: [built],
    entryPoints: [join(here, 'worker.ts')],
    outdir: out,
    format: 'esm',
    splitting: true, // what few cells use, such as the ranks of other tokenizers, is loaded when it is used
    chunkNames: 'parts/[name]-[hash]',
    sourcemap: 'external', // read when an error is shown
    sourcesContent: false,
  })
}

/** tslab's converter over the compiler that the worker has changed; see compiler.ts. */
function bundleCompiler() {
  const compiler = requireOfTslab.resolve('@tslab/typescript-for-tslab')
  const converter = requireOfTslab.resolve('./converter')
  const metadata = requireOfTslab.resolve('./metadata')
  const contents = `
    let changed
    globalThis.neomeshCompilerOf = () => changed
    globalThis.neomeshCompiler = {
      typescript: require(${JSON.stringify(compiler)}),
      load(given) {
        changed = given
        return { ...require(${JSON.stringify(converter)}), ...require(${JSON.stringify(metadata)}) }
      },
    }`
  const parts = {
    name: 'tslab',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^@tslab\/typescript-for-tslab$/ }, ({ path }) => ({ path, namespace: 'changed' }))
      onLoad({ filter: /.*/, namespace: 'changed' }, () => ({
        contents: 'module.exports = globalThis.neomeshCompilerOf()',
      }))
      // The compiler asks for parts of Node that it does not use in a browser.
      onResolve({ filter: /^(fs|os|crypto|inspector|perf_hooks|source-map-support|module)$/ }, ({ path }) => ({
        path,
        namespace: 'none',
      }))
      onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {}' }))
      onResolve({ filter: /^path$/ }, () => ({ path: join(here, 'posix-path.ts') }))
    },
  }
  return build({
    ...common,
    stdin: { contents, resolveDir: here },
    outfile: join(out, 'compiler.js'),
    plugins: [parts],
    define: {
      'process.version': '"v20.0.0"',
      __dirname: '"/lab/node_modules/tslab/dist"',
      'process.env': '{}',
      'process.platform': '"linux"',
    },
  })
}

/** danfo.js, which the worker loads when a cell first asks for it; a script, as `require` in a cell waits for it. */
function bundleDanfo() {
  const frame = join(dirname(require.resolve('danfojs-node')), 'core/frame.js')
  // Of 600 kB of mathjs danfo.js uses five functions.
  const folder = join(dirname(require.resolve('danfojs-node/package.json')), 'dist')
  const used = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').match(/(?<=\bmathjs_1\.)\w+/g) ?? [])
  const parts = {
    name: 'danfo',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /danfojs-base\/io\/node$/ }, () => ({ path: join(here, 'danfo-files.ts') }))
      onResolve({ filter: /^danfojs-frame$/ }, () => ({ path: frame }))
      onResolve({ filter: /^@tensorflow\/tfjs-node$/ }, () => ({ path: require.resolve('@tensorflow/tfjs-core') }))
      onResolve({ filter: /^neomesh\/files$/ }, ({ path }) => ({ path, external: true }))
      // Of streams and Plotly it uses nothing that works in a worker.
      onResolve({ filter: /^(mathjs|stream|plotly\.js-dist-min)$/ }, ({ path }) => ({ path, namespace: 'small' }))
      onLoad({ filter: /^mathjs$/, namespace: 'small' }, () => ({
        contents: `export { ${[...new Set(used)].join(', ')} } from 'mathjs/number'`,
        resolveDir: root,
      }))
      onLoad({ filter: /^(stream|plotly.*)$/, namespace: 'small' }, () => ({ contents: 'module.exports = {}' }))
    },
  }
  return build({
    ...common,
    entryPoints: [require.resolve('danfojs-node')],
    outfile: join(out, 'danfo.js'),
    format: 'cjs',
    plugins: [parts],
    inject: [join(root, 'dist/src/browser/globals.js')],
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  })
}

/** Packs what a program with all entries of the package reads, by the paths that it has in the worker. */
function packDeclarations() {
  const ts = requireOfTslab('@tslab/typescript-for-tslab')
  const texts = {}
  const pathInWorker = (path) => {
    const library = dirname(requireOfTslab.resolve('@tslab/typescript-for-tslab'))
    return path.startsWith(library) ? `/lib/${relative(library, path)}` : `/lab/${relative(root, path)}`
  }
  const entries = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [join(root, entry.types)],
  )
  const host = ts.createCompilerHost({})
  const read = new Set()
  const readFile = host.readFile.bind(host)
  host.readFile = (path) => {
    read.add(path)
    return readFile(path)
  }
  ts.createProgram(
    entries,
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2023.d.ts', 'lib.es2022.d.ts'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      baseUrl: root,
      skipLibCheck: true,
    },
    host,
  )
  const danfo = dirname(require.resolve('danfojs-node/package.json'))
  const danfoTypes = readdirSync(join(danfo, 'dist'), { recursive: true }).filter((name) => name.endsWith('.d.ts'))
  for (const name of ['package.json', ...danfoTypes.map((path) => `dist/${path}`)]) read.add(join(danfo, name))
  for (const path of read) {
    const text = readFile(path)
    if (text === undefined) continue
    if (path.endsWith('package.json')) {
      const { name, version, types, typings, typesVersions, exports: of, main, type } = JSON.parse(text)
      texts[pathInWorker(path)] = JSON.stringify({
        name,
        version,
        type,
        main,
        types,
        typings,
        typesVersions,
        exports: of,
      })
    } else {
      // Comments are shown beside names: of this package and of the language, not of others.
      const isShown = !path.includes('node_modules') || path.includes('typescript-for-tslab')
      texts[pathInWorker(path)] = isShown ? text : text.replace(/^[ \t]*\/\*\*[^]*?\*\/[ \t]*\n/gm, '')
    }
  }
  writeFileSync(join(out, 'types.json.gz'), gzipSync(JSON.stringify(texts), { level: 9 }))
}
