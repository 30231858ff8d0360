#!/usr/bin/env node
/**
 * Starts the command line. On Linux with glibc the process first replaces itself (execve(2): the same process id) to set
 * a tunable of malloc, which glibc reads before a program's first line: XLA allocates its temporaries anew for each run,
 * and with pages of 2 MB rather than 4 kB a fresh gigabyte costs a few per cent of a step rather than a third
 * (bench/RESULTS.md). To use other settings, set GLIBC_TUNABLES yourself. Printing help needs none.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const MALLOC = 'glibc.malloc.hugetlb=1'
const main = new URL('../dist/src/cli/main.js', import.meta.url)
if (!existsSync(fileURLToPath(main))) {
  console.error('neomesh: not built yet; run `make setup` (or `npm ci && npm run build`) in the checkout')
  process.exit(1)
}
const args = process.argv.slice(2)
const runs = args.length > 0 && args[0] !== 'help' && !args.some((arg) => /^(-h|--help|-V|--version)$/.test(arg))
if (runs && process.platform === 'linux' && process.env.GLIBC_TUNABLES === undefined) {
  const { replaceProcess } = await import('../dist/src/cli/replace-process.js')
  await replaceProcess([...process.execArgv, fileURLToPath(import.meta.url), ...args], {
    GLIBC_TUNABLES: MALLOC,
  })
}
process.setSourceMapsEnabled(true)
const { start } = await import(main.href)
await start(args)
