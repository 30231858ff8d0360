/** Writes docs/api/*.txt. Usage: npm run api */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readApi, reportOf, root } from './report.js'

const entries = readApi()
const folder = join(root, 'docs/api')
mkdirSync(folder, { recursive: true })
for (const name of readdirSync(folder)) rmSync(join(folder, name))
for (const entry of entries)
  writeFileSync(join(root, entry.file), reportOf(entry, entry.name === 'neomesh' ? entries.slice(1) : []))
console.log(entries.map(({ name, exports }) => `${name}: ${exports.filter((e) => !e.deprecated).length}`).join('\n'))
