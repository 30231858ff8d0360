/** The built site of docs and API reference: each link leads to a file and an anchor of the site. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { test } from 'node:test'
import { root } from './how-to.js'

const site = join(root, 'dist/docs')
const decoded = (text: string) => decodeURIComponent(text.replaceAll('&amp;', '&'))
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>

test('the reference has every entry point of the package', () => {
  const { exports } = read('package.json') as { exports: Record<string, { types?: string }> }
  const sources = Object.values(exports).flatMap(({ types }) =>
    types ? [`../..${types.replace('./dist', '').replace('.d.ts', '.ts')}`] : [],
  )
  assert.deepEqual([...(read('docs/site/typedoc.json').entryPoints as string[])].sort(), sources.sort())
})

test('the site builds, no link of it is dead, and every page can be reached', () => {
  execFileSync('make', ['--silent', 'docs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const files = new Set((readdirSync(site, { recursive: true }) as string[]).map((name) => name.split(sep).join('/')))
  const pages = [...files].filter((name) => name.endsWith('.html'))
  const text = new Map(pages.map((page) => [page, readFileSync(join(site, page), 'utf8')]))
  const ids = new Map(
    pages.map((page) => [
      page,
      new Set([...text.get(page)!.matchAll(/ (?:id|name)="([^"]+)"/g)].map(([, id]) => decoded(id))),
    ]),
  )
  const dead: string[] = []
  const linked = new Set(['index.html'])
  for (const page of pages)
    for (const [, href] of text.get(page)!.matchAll(/<(?:a|img|link|script)\b[^>]*? (?:href|src)="([^"]*)"/g)) {
      if (/^[a-z]+:|^$/.test(href)) continue
      const [path, anchor = ''] = href.split('#')
      const target =
        path === ''
          ? page
          : normalize(join(dirname(page), decoded(path)))
              .split(sep)
              .join('/')
      linked.add(target)
      if (!files.has(target)) dead.push(`${page}: ${href}`)
      else if (anchor !== '' && ids.has(target) && !ids.get(target)!.has(decoded(anchor))) dead.push(`${page}: ${href}`)
    }
  assert.deepEqual([...new Set(dead)], [])
  assert.deepEqual(
    pages.filter((page) => !linked.has(page)),
    [],
  )
  assert.ok(pages.length > 100, `${pages.length} pages`)
})
