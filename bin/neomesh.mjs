#!/usr/bin/env node
/**
 * Starts the command line. On Linux it first starts itself again with a setting of glibc's malloc, which is read before a
 * program's first line: XLA allocates its temporaries anew for each run, and with pages of 2 MB rather than 4 kB a fresh
 * gigabyte costs a few per cent of a step rather than a third (bench/RESULTS.md). Set GLIBC_TUNABLES yourself to have
 * your own.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const MALLOC = 'glibc.malloc.hugetlb=1'
const main = new URL('../dist/src/cli/main.js', import.meta.url)
if (!existsSync(fileURLToPath(main))) {
  console.error('neomesh: not built yet; run `make setup` (or `npm ci && npm run build`) in the checkout')
  process.exit(1)
} else if (process.platform === 'linux' && process.env.GLIBC_TUNABLES === undefined) {
  const again = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      env: { ...process.env, GLIBC_TUNABLES: MALLOC },
    },
  )
  // A terminal sends Ctrl-C to both; a signal sent to this process alone is passed on. The child takes two close ones for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => again.kill(signal))
  again.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)))
  again.on('error', (error) => {
    console.error(`neomesh: cannot start ${process.execPath}: ${error.message}`)
    process.exit(1)
  })
} else {
  process.setSourceMapsEnabled(true)
  const { start } = await import(main.href)
  await start(process.argv.slice(2))
}
