/**
 * One machine with a GPU: correctness, training and generation beside the peers, memory, MFU; prints tables in Markdown.
 * node dist/bench/gpu.js [--rounds 2] [--steps 20] [--save bench/RESULTS-GPU.md]
 * With --device cpu and --small it runs anywhere, to check itself. Peers are left out where they are not installed.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createRows, peakOf } from './gpu-rows.js'
import { ours, peer, peers, root, takeTurns, withSuffix, type Side } from './sides.js'

const { values: options } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    rounds: { type: 'string', default: '2' },
    steps: { type: 'string', default: '20' },
    small: { type: 'boolean', default: false },
    save: { type: 'string' },
  },
})
const { device, steps } = options
const rows = createRows()
const lines: string[] = []
const say = (...all: string[]) => {
  lines.push(...all)
  console.log(all.join('\n'))
}
const rounds = (sides: readonly Side[]) => takeTurns(sides, Number(options.rounds))
const theirs = (script: string, impl: string, ...args: string[]) => (peers ? [peer(script, impl, args)] : [])

// Correctness first: a fast wrong step is worth nothing.
process.stderr.write('  tests of the device\n')
const tests = spawnSync(process.execPath, [`${root}dist/test/run.js`, 'device/'], {
  encoding: 'utf8',
  env: { ...process.env, NEOMESH_TEST_DEVICE: device },
  maxBuffer: 1 << 28,
})
const count = (what: string) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(tests.stdout)?.[1] ?? NaN)
if (tests.status !== 0) process.stderr.write(tests.stdout)

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }
const driver = spawnSync('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'], {
  encoding: 'utf8',
})
const card =
  device === 'cuda' ? (driver.stdout ?? '').trim().split('\n')[0] || 'a GPU that nvidia-smi does not name' : device
say('# Benchmarks on a GPU', '')
say(`neomesh ${version}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, on ${card}.`)
say('Made by `make bench-gpu`: each row is a process of its own, the rows of a table take turns,')
say(`${options.rounds} rounds; medians of all steps or runs, best in brackets.`)
if (!peers) say('The peers are not installed here (`make bench-peers GPU=1`).')
say('', '## Correctness', '')
say(
  `Recorded steps of GPT-Neo, and every kind of attention against XLA on the CPU (test/device): ${count('pass')} passed, ${count('fail')} failed, ${count('skipped')} skipped.`,
)

say('', '## Training', '')
say(
  'Memory: the highest of the device, as each library counts it. MFU: flops of a token (6 for each parameter but positions, and',
)
say(
  '12 x layers x width x context for attention, masked pairs included) times tokens a second, as a part of the peak for bf16.',
)
for (const shape of options.small ? ['tiny'] : ['gpt2-gpu', '125m-gpu']) {
  const args = ['--shape', shape, '--steps', steps, '--warmup', '3', '--device', device]
  const bf16 = [...args, '--dtype', 'bf16']
  const sides = [
    withSuffix(ours('train', ...bf16), 'bf16'),
    ours('train', ...args),
    ...['torch-compile', 'hf', 'jax']
      .flatMap((impl) => theirs('train', impl, ...bf16))
      .map((side) => withSuffix(side, 'bf16')),
  ].map((side) => ({ ...side, environment: { ...side.environment, NEOMESH_CACHE: 'off' } }))
  say('', ...rows.training(shape, rounds(sides)))
}

say('', '## Generation', '')
say('Greedy, 128 tokens after a prompt of 64, keys and values cached. Equal checksums: equal tokens, in f32.')
for (const batch of options.small ? ['1'] : ['1', '8', '64']) {
  const args = ['--shape', options.small ? 'tiny' : '125m', '--batch', batch, '--device', device]
  const both = (make: (...dtype: string[]) => Side[]) => [
    ...make(),
    ...make('--dtype', 'bf16').map((side) => withSuffix(side, 'bf16')),
  ]
  const sides = [
    ...both((...dtype) => [ours('generate', ...args, ...dtype)]),
    ...['torch', 'hf', 'jax'].flatMap((impl) => both((...dtype) => theirs('generate', impl, ...args, ...dtype))),
  ]
  say('', ...rows.generation(batch, rounds(sides)))
}

if (rows.kind !== null && peakOf(rows.kind) === null) say('', `No peak is known for ${rows.kind}: MFU is left out.`)
if (rows.versions.size > 0) say('', `Peers: ${[...rows.versions].map(([name, each]) => `${name} ${each}`).join(', ')}.`)
if (options.save) writeFileSync(options.save, `${lines.join('\n')}\n`)
process.exitCode = tests.status === 0 ? 0 : 1
