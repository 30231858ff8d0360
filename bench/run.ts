/**
 * Measures neomesh beside its peers, each figure in a process of its own, the sides alternating; prints tables in Markdown.
 * node dist/bench/run.js [train|generate|attention|delta|host|start] [shape ...] [--rounds 2] [--save bench/RESULTS.md]
 * Peers are left out where `make bench-peers` has not installed them.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { goalLines, goalsOf, type Figure } from './goals.js'
import { measure, ours, peer, peers, root, takeTurns, withSuffix, type Result, type Side } from './sides.js'
import { median } from './work.js'

const { values: options, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '2' }, save: { type: 'string' } },
  allowPositionals: true,
})
const wanted = (word: string, among: readonly string[]) => {
  const named = positionals.filter((each) => among.includes(each))
  return named.length === 0 || named.includes(word)
}
const lines: string[] = []
const say = (line = '') => {
  lines.push(line)
  console.log(line)
}
const rounds = (sides: readonly Side[]) => takeTurns(sides, Number(options.rounds))

const shapes = ['teach', 'small', '125m']
const kinds = ['train', 'generate', 'attention', 'delta', 'host', 'start']
const figures = new Map<string, Map<string, Figure>>()
function keep(table: string, side: string, figure: Figure): void {
  figures.set(table, (figures.get(table) ?? new Map<string, Figure>()).set(side, figure))
}
const withBest = (ms: readonly number[]) => `${median(ms).toFixed(0)} (${Math.min(...ms).toFixed(0)})`
const mostExtraMb = (results: readonly Result[]) =>
  Math.max(...results.map((result) => result.extra_mb as number)).toFixed(0)
const versions = new Map<string, string>()
const note = (result: Result) =>
  Object.entries((result.versions ?? {}) as Record<string, string>).forEach(([name, version]) =>
    versions.set(name, version),
  )

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }
say('# Benchmarks')
say()
say(
  `neomesh ${version} with the plugin of requirements.txt, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, on ${cpus().length} CPUs`,
)
say(
  `(${cpus()[0].model}), ${Math.round(totalmem() / 2 ** 30)} GiB. Made by \`make bench\`: each row is a process of its own, the rows of a table`,
)
say(
  `take turns, ${options.rounds} rounds; medians of all steps or runs, best in brackets. +malloc: glibc keeps freed memory, the counterpart of the setting that neomesh runs with (bench/peers/README.md).`,
)
if (!peers) say('The peers are not installed here (`make bench-peers`).')

if (wanted('train', kinds)) {
  say()
  say('## Training')
  say()
  say(
    'Equal weights and tokens, so losses agree. First step: tracing, compiling without a cache, and the step itself. Host: time per step',
  )
  say('before the program is started.')
  for (const shape of shapes.filter((each) => wanted(each, shapes))) {
    const steps = shape === '125m' ? ['--steps', '3'] : ['--steps', '8']
    const args = ['--shape', shape, ...steps]
    const sides = [
      ours('train', ...args),
      withSuffix(ours('train', ...args, '--dtype', 'bf16'), 'bf16'),
      ...(peers
        ? ['jax', 'hf', 'torch-compile'].flatMap((impl) => [
            peer('train', impl, args),
            peer('train', impl, args, true),
            withSuffix(peer('train', impl, [...args, '--dtype', 'bf16'], true), 'bf16'),
          ])
        : []),
    ]
    sides.forEach((side) => Object.assign(side, { environment: { ...side.environment, NEOMESH_CACHE: 'off' } }))
    say()
    say(
      `| ${shape} | step ms | tokens/s | GFLOP/s | first step s | compile s | host ms | peak MB | loss first / last |`,
    )
    say('|---|---|---|---|---|---|---|---|---|')
    for (const [name, results] of rounds(sides)) {
      if (results.length === 0) continue
      const all = results.flatMap((result) => result.step_ms as number[])
      const [first] = results
      note(first)
      const ms = median(all),
        best = Math.min(...all)
      keep(`train ${shape}`, name, { ms, peakMb: Math.max(...results.map((result) => result.peak_mb as number)) })
      const rate = (per: number) => ((first.tokens_per_step / per) * 1000).toFixed(0)
      const host = first.host_ms ? median(results.flatMap((result) => result.host_ms as number[])).toFixed(1) : ''
      say(
        `| ${name} | ${ms.toFixed(0)} (${best.toFixed(0)}) | ${rate(ms)} (${rate(best)}) | ${((first.gflop_per_step / ms) * 1000).toFixed(0)} | ` +
          `${median(results.map((result) => result.first_step_s)).toFixed(1)} | ${first.compile_s ? median(results.map((result) => result.compile_s)).toFixed(1) : ''} | ${host} | ` +
          `${Math.max(...results.map((result) => result.peak_mb)).toFixed(0)} | ${first.loss_first.toFixed(4)} / ${first.loss_last.toFixed(4)} |`,
      )
    }
  }
}

if (wanted('generate', kinds)) {
  say()
  say('## Generation')
  say()
  say(
    'Greedy, f32 unless bf16 is said, 128 tokens generated, keys and values cached. Decoding is all but the first token. Equal checksums: equal tokens.',
  )
  for (const shape of ['small', '125m'].filter((each) => wanted(each, shapes)))
    for (const batch of ['1', '8'])
      // 500 tokens and the 128 generated ones exceed the context of `small`.
      for (const prompt of shape === 'small' ? ['64', '100'] : ['64', '100', '500']) {
        const args = ['--shape', shape, '--batch', batch, '--prompt', prompt]
        say()
        say(
          `| ${shape}, batch ${batch}, prompt ${prompt} | decoded tokens/s | first token ms | first run s | peak MB | checksum |`,
        )
        say('|---|---|---|---|---|---|')
        const sides = [
          ours('generate', ...args),
          withSuffix(ours('generate', ...args, '--dtype', 'bf16'), 'bf16'),
          ...(peers
            ? [
                ...['jax', 'torch', 'hf'].map((impl) => peer('generate', impl, args)),
                peer('generate', 'jax', args, true),
              ]
            : []),
        ]
        for (const [name, results] of rounds(sides)) {
          if (results.length === 0) continue
          const [first] = results
          note(first)
          const runs = results.flatMap((result) =>
            (result.run_ms as number[]).map((ms, i) => ms - (result.first_token_ms[i] ?? result.first_token_ms[0])),
          )
          if (prompt === '64') keep(`generate ${shape} ${batch}`, name, { ms: median(runs) })
          const rate = (ms: number) => ((Number(batch) * 127 * 1000) / ms).toFixed(1)
          say(
            `| ${name} | ${rate(median(runs))} (${rate(Math.min(...runs))}) | ${median(results.flatMap((result) => result.first_token_ms)).toFixed(0)} | ` +
              `${median(results.map((result) => result.first_run_s)).toFixed(1)} | ${Math.max(...results.map((result) => result.peak_mb)).toFixed(0)} | ${first.checksum} |`,
          )
        }
      }
}

if (wanted('attention', kinds)) {
  say()
  say('## Attention')
  say()
  say(
    'One layer alone, forward and backward, f32, batch 1, 12 heads of 64, radius 256; q, k and v are given. Memory: what the first run adds to',
  )
  say('the process. Checks: mean |output|, equal for equal attention.')
  const forms: Record<string, [implementation: string, kind: string][]> = {
    global: [
      ['jax', 'global-dense'],
      ['torch', 'global-sdpa'],
    ],
    local: [
      ['jax', 'local-blocked'],
      ['torch', 'local-blocked'],
    ],
    linear: [
      ['jax', 'linear-chunked'],
      ['torch', 'linear-chunked'],
    ],
  }
  for (const [kind, others] of Object.entries(forms))
    for (const ctx of ['2048', '4096', '8192']) {
      // All pairs at 8192 take minutes and gigabytes.
      const able = kind === 'global' && ctx === '8192' ? [] : others
      const sides = [
        ours('attention', '--kind', kind, '--ctx', ctx),
        ...(peers
          ? able.flatMap(([impl, form]) => {
              const args = ['--kind', form, '--ctx', ctx]
              return [false, true].map((keep) => withSuffix(peer('attention', impl, args, keep), form))
            })
          : []),
      ]
      say()
      say(`| ${kind}, ${ctx} positions | ms | memory MB | check |`)
      say('|---|---|---|---|')
      for (const [name, results] of rounds(sides)) {
        if (results.length === 0) continue
        note(results[0])
        const all = results.flatMap((result) => result.run_ms as number[])
        keep(`attention ${kind} ${ctx}`, name, { ms: median(all) })
        say(`| ${name} | ${withBest(all)} | ${mostExtraMb(results)} | ${(results[0].check as number).toFixed(6)} |`)
      }
    }
}

if (wanted('delta', kinds)) {
  say()
  say('## Gated DeltaNet')
  say()
  say(
    'One layer with its projections, forward and backward, f32, batch 1, 4,096 positions, width 256, 4 heads; the peers: the layer of',
  )
  say(
    "transformers' Qwen3-Next with its rule in PyTorch (hf), and with the rule chunk after chunk (torch). Linear: neomesh's, to compare with.",
  )
  say()
  say('| layer | ms | processor ms | memory MB |')
  say('|---|---|---|---|')
  const sides = [
    withSuffix(ours('kind', '--kind', 'gated_delta'), 'gated_delta'),
    withSuffix(ours('kind', '--kind', 'linear'), 'linear'),
    ...(peers ? ['hf', 'torch'].flatMap((impl) => [false, true].map((keep) => peer('kind', impl, [], keep))) : []),
  ]
  for (const [name, results] of rounds(sides)) {
    if (results.length === 0) continue
    note(results[0])
    const [ms, cpu] = ['run_ms', 'cpu_ms'].map((field) => results.flatMap((result) => result[field] as number[]))
    say(`| ${name} | ${withBest(ms)} | ${withBest(cpu)} | ${mostExtraMb(results)} |`)
  }
}

if (wanted('host', kinds)) {
  say()
  say('## The engine without native code')
  say()
  say('Training steps of configs/models/notebook.json in one process, the engines in turn; XLA uses all cores.')
  say()
  say("| host | step ms | tokens/s | of XLA's | processor ms | last loss |")
  say('|---|---|---|---|---|---|')
  const result = measure({ ...ours('host', '--rounds', String(2 * Number(options.rounds))), name: 'host' })
  const sides = (result ?? []) as { name: string; step_ms: number[]; cpu_ms: number[]; loss: number }[]
  const xla = sides.find(({ name }) => name === 'xla')
  for (const { name, step_ms, cpu_ms, loss } of sides) {
    const ms = median(step_ms)
    const best = Math.min(...step_ms)
    keep('host', name, { ms })
    const rate = (per: number) => ((2048 * 1000) / per).toFixed(0)
    const share = xla ? (median(xla.step_ms) / ms).toFixed(2) : ''
    say(
      `| ${name} | ${ms.toFixed(0)} (${best.toFixed(0)}) | ${rate(ms)} (${rate(best)}) | ${share} | ${median(cpu_ms).toFixed(0)} | ${loss.toFixed(5)} |`,
    )
  }
}

if (wanted('start', kinds)) {
  const cache = mkdtempSync(join(tmpdir(), 'neomesh-bench-'))
  const launched = (args: readonly string[]) => {
    const times = Array.from({ length: 9 }, () => {
      const start = performance.now()
      spawnSync(process.execPath, args, { cwd: root })
      return performance.now() - start
    })
    return median(times)
  }
  /** Tracing and compiling of a process of its own; the second loads what the first has put into the cache. */
  const prepared = () => {
    const side = ours('train', '--shape', '125m', '--steps', '1', '--warmup', '0')
    const result = measure({ ...side, environment: { ...side.environment, NEOMESH_CACHE: cache } })
    return result && { trace: result.trace_s as number, compile: result.compile_s as number }
  }
  const [cold, cached] = [prepared(), prepared()]
  rmSync(cache, { recursive: true })
  keep('start', 'help', { ms: launched([`${root}bin/neomesh.mjs`, '--help']) })
  keep('start', 'import', { ms: launched(['-e', "import('neomesh')"]) - launched(['-e', '0']) })
  if (cold) keep('start', 'cold', { ms: 1000 * (cold.trace + cold.compile) })
  if (cached) keep('start', 'cached', { ms: 1000 * (cached.trace + cached.compile) })
  say()
  say('## Start')
  say()
  say(
    'Medians of nine processes; of the import without what starting Node takes. 125m: seconds of tracing and of compiling or loading.',
  )
  say()
  say('| | ms | trace s | compile s |')
  say('|---|---|---|---|')
  const rows = {
    '`neomesh --help`': 'help',
    "`import 'neomesh'`": 'import',
    '125m, no cache': 'cold',
    '125m, cached': 'cached',
  }
  for (const [title, name] of Object.entries(rows)) {
    const part = name === 'cold' ? cold : name === 'cached' ? cached : null
    const ms = figures.get('start')!.get(name)?.ms.toFixed(0) ?? ''
    say(`| ${title} | ${ms} | ${part?.trace.toFixed(2) ?? ''} | ${part?.compile.toFixed(2) ?? ''} |`)
  }
}

say()
say('## Goals')
say()
say('How many times as fast as the fastest of the rows that a goal names; memory as a share of theirs; start in ms.')
say()
for (const line of goalLines(goalsOf(figures))) say(line)

if (versions.size > 0) {
  say()
  say(`Peers: ${[...versions].map(([name, each]) => `${name} ${each}`).join(', ')}.`)
}
if (options.save) writeFileSync(options.save, `${lines.join('\n')}\n`)
