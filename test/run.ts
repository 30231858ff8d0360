/**
 * Runs the tests with Node's own runner: every test/**\/*.test.ts, or those whose path contains one of the words given.
 * Files named *.slow.test.ts are the slow suites: run with --slow, or in CI. Files named *.peers.test.ts compare with
 * other libraries and run with --peers only, alone. After them come the slowest tests, files without tests and files of
 * which every test is skipped; the latter two fail in CI, but for reasons that test/tally.ts knows.
 */
import { readdirSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { createTally } from './tally.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const slow = process.argv.includes('--slow') || process.env.CI === 'true'
const peers = process.argv.includes('--peers')

const sources = (readdirSync(`${root}test`, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.test.ts') && file.endsWith('.peers.test.ts') === peers)
  .filter((file) => slow || words.length > 0 || !file.endsWith('.slow.test.ts'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort()
if (sources.length === 0) {
  console.error(`no test file matches: ${words.join(', ') || '*.peers.test.ts'}`)
  process.exit(1)
}

const files = sources.map((file) => `${root}dist/test/${file.replace(/\.ts$/, '.js')}`)
// Errors name lines of TypeScript; the child processes of the runner inherit this.
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`.trim()
const events = run({ files, concurrency: 2, timeout: 30 * 60_000 })
let failed = 0
const tally = createTally()
events.on('test:pass', (report) => tally.add(report))
events.on('test:fail', (report) => {
  failed++
  tally.add(report)
})
const report = events.compose(new spec())
report.pipe(process.stdout)
await finished(report)
const { lines, faults } = tally.summary()
for (const line of lines) console.log(line)
process.exitCode = failed > 0 || (faults > 0 && process.env.CI === 'true') ? 1 : 0
