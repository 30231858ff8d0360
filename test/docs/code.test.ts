/** TypeScript of README and docs type-checks against the package, as a stranger's project would check it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './how-to.js'

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** A page's blocks, one module: later ones use what earlier ones declare. Empty lines keep the page's line numbers. */
function moduleOf(page: string): string | undefined {
  let inside = false
  const lines = readFileSync(join(root, page), 'utf8')
    .split('\n')
    .map((line) => {
      const fence = /^ *```(\w*)/.exec(line)
      if (!fence) return inside ? line : ''
      inside = !inside && /^(ts|typescript)$/.test(fence[1])
      return ''
    })
  return lines.some((line) => line !== '') ? `${lines.join('\n')}\nexport {}\n` : undefined
}

test('TypeScript in README and docs type-checks under strict', () => {
  // Inside of the package, so that 'neomesh' and its entry points are this package's.
  const folder = join(root, 'dist/docs-code')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const names = pages.flatMap((page) => {
    const text = moduleOf(page)
    if (text === undefined) return []
    const name = `${page.replaceAll('/', '-').replace(/\.md$/, '')}.mts`
    writeFileSync(join(folder, name), text)
    return [name]
  })
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
    ...{ target: 'es2023', module: 'nodenext', moduleResolution: 'nodenext' },
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }))
  assert.ok(names.length >= 3, `${names}`)
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
    encoding: 'utf8',
    cwd: folder,
    stdio: 'inherit',
  })
  rmSync(folder, { recursive: true })
})
