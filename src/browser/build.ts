/** Bundles the library for browsers: dist/browser/neomesh.js, a module of which parts are loaded when they are used. */
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { browserBuild } from './bundle.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }
rmSync(`${root}dist/browser`, { recursive: true, force: true })
await build({
  ...browserBuild({ version, root }),
  entryPoints: { neomesh: `${root}dist/src/browser/index.js` },
  outdir: `${root}dist/browser`,
  format: 'esm',
  splitting: true,
  minify: true,
  logLevel: 'warning',
})
