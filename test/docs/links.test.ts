/** Links of the markdown files: each leads to a file or a heading that exists, and each page of docs is linked to. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { root } from './how-to.js'

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...(readdirSync(join(root, 'docs'), { recursive: true }) as string[])
    .map((name) => `docs/${name.split(sep).join('/')}`)
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules')),
]
const textOf = (page: string) => readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```$/gm, '')

/** Links within the repository, from the root: [path, anchor]. */
function linksOf(page: string): [string, string][] {
  return [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path, anchor = ''] = link.split('#')
      const target = path === '' ? page : relative(root, resolve(root, dirname(page), path))
      return [target.split(sep).join('/'), anchor]
    })
}

/** As GitHub makes an anchor of a heading. */
const anchorsOf = (page: string) =>
  [...textOf(page).matchAll(/^#+ +(.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )

test('no link is dead', () => {
  const dead = pages.flatMap((page) =>
    linksOf(page)
      .filter(
        ([path, anchor]) =>
          !existsSync(join(root, path)) || (anchor !== '' && path.endsWith('.md') && !anchorsOf(path).includes(anchor)),
      )
      .map(([path, anchor]) => `${page}: ${path}${anchor && `#${anchor}`}`),
  )
  assert.deepEqual(dead, [])
})

test('every page can be reached from the README', () => {
  const reached = new Set<string>()
  const visit = (page: string): void => {
    if (reached.has(page)) return
    reached.add(page)
    for (const [path] of linksOf(page)) if (pages.includes(path)) visit(path)
  }
  visit('README.md')
  assert.deepEqual(
    pages.filter((page) => !reached.has(page)),
    [],
  )
})

test('the map has every room of src, and the files that it names exist', () => {
  const text = textOf('docs/architecture.md')
  const rows = [...text.matchAll(/^\| `([a-z]+)` \| .* \| (.*) \|$/gm)].map(([, room, start]) => ({ room, start }))
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  assert.deepEqual(rows.map(({ room }) => room).sort(), rooms.map(({ name }) => name).sort())
  for (const { room, start } of rows)
    for (const [, file] of start.matchAll(/`([^`]+)`/g))
      assert.ok(existsSync(join(root, 'src', room, file)), `${room}: ${file}`)
})
