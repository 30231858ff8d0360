/** Commands in the code of README and docs: each exists, with every option that is written. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './how-to.js'

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** `neomesh ...` in code, with lines that end in \ joined: its words. */
function commandsIn(page: string): string[][] {
  const text = readFileSync(join(root, page), 'utf8').replace(/\\\n\s*/g, ' ')
  const blocks = [...text.matchAll(/^```(?:sh)?\n([^]*?)^```$/gm)].map(([, code]) => code).join('\n')
  const indented = [...text.matchAll(/^ {4}.*$/gm)].map(([line]) => line).join('\n')
  const spans = [...text.replace(/^```[^]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code).join('\n')
  return [...`${blocks}\n${indented}\n${spans}`.matchAll(/^\s*(?:npx )?neomesh +([a-z][^\n#]*)/gm)].map(([, rest]) =>
    rest.trim().split(/\s+/),
  )
}

const helps = new Map<string, string>()
function helpOf(words: readonly string[]): string {
  const key = words.join(' ')
  if (!helps.has(key)) {
    const args = [join(root, 'bin/neomesh.mjs'), ...words, '--help']
    helps.set(key, execFileSync(process.execPath, args, { encoding: 'utf8' }))
  }
  return helps.get(key)!
}

const subcommandsOf = (help: string) =>
  [...(/^Commands:\n([^]*)/m.exec(help)?.[1] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name)

test('every command that README and docs name exists, with its options', () => {
  const wrong: string[] = []
  let count = 0
  for (const page of pages)
    for (const words of commandsIn(page)) {
      count++
      const line = `${page}: neomesh ${words.join(' ')}`
      if (!subcommandsOf(helpOf([])).includes(words[0])) {
        wrong.push(`${line}: no such command`)
        continue
      }
      let path = [words[0]]
      if (words.length > 1 && subcommandsOf(helpOf(path)).includes(words[1])) path = words.slice(0, 2)
      const help = helpOf(path)
      for (const word of words.filter((each) => /^--?[a-z]/.test(each))) {
        const option = word.split('=')[0]
        if (!new RegExp(`(^|[ ,])${option}\\b`, 'm').test(help)) wrong.push(`${line}: ${option} is not an option`)
      }
    }
  assert.ok(count > 15, `${count} commands found`)
  assert.deepEqual(wrong, [])
})
