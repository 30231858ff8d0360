/** What is measured side by side: a script of ours or of a peer, each time in a process of its own. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))
const python = `${root}.venv-peers/bin/python`

/** Whether `make bench-peers` has installed them. */
export const peers = existsSync(python)

/** The line of JSON that a script prints. */
export type Result = Record<string, any>

export interface Side {
  readonly name: string
  readonly command: readonly string[]
  /** glibc's malloc as `neomesh` and `--malloc keep` set it. */
  readonly environment?: Record<string, string>
}

const KEEP = { PEER_MALLOC: 'keep' }

/** A script of bench/. */
export const ours = (script: string, ...args: string[]): Side => ({
  name: 'neomesh',
  command: [process.execPath, `${root}dist/bench/${script}.js`, ...args],
  environment: { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' },
})

/** A script of bench/peers/; with `keep` glibc keeps freed memory. */
export const peer = (script: string, impl: string, args: readonly string[], keep = false): Side => ({
  name: keep ? `${impl} +malloc` : impl,
  command: [python, `${root}bench/peers/${script}.py`, '--impl', impl, ...args],
  ...(keep && { environment: KEEP }),
})

export const withSuffix = (side: Side, suffix: string): Side => ({ ...side, name: `${side.name} ${suffix}` })

/** One figure; null if the process failed, which is reported on stderr. */
export function measure({ name, command, environment }: Side): Result | null {
  const [program, ...args] = command
  const { GLIBC_TUNABLES: _, ...inherited } = process.env
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...inherited, ...environment },
    maxBuffer: 1 << 26,
  })
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1)!) as Result
  process.stderr.write(`${name} failed: ${stderr.trim().split('\n').at(-1)}\n`)
  return null
}

/** All sides in turn, `count` times. */
export function takeTurns(sides: readonly Side[], count: number): Map<string, Result[]> {
  const results = new Map<string, Result[]>(sides.map(({ name }) => [name, []]))
  for (let round = 0; round < count; round++)
    for (const side of sides) {
      process.stderr.write(`  ${side.name}, round ${round + 1} of ${count}\n`)
      const result = measure(side)
      if (result) results.get(side.name)!.push(result)
    }
  return results
}
