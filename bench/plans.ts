/**
 * Plans of GPT-Neo's sizes on slices, by estimate and by libtpu: docs/plans/NAME.json is the model config with its mesh,
 * NAME.txt what `neomesh plan` says of it, NAME.plan.json the same as data, README.md a table of all.
 * node dist/bench/plans.js [name ...]     An hour on two cores; needs `make plan-setup`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describePlan } from '../src/cli/plan-table.js'
import { readModelConfig } from '../src/config/index.js'
import { plan, tpuSlice, type Plan } from '../src/plan/index.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = `${root}docs/plans/`

interface Case {
  readonly model: string
  readonly slice: string
  readonly keys: Readonly<Record<string, unknown>>
  /** What a JAX program for the same model and batch took: arguments and temporaries of a device, GB. */
  readonly jax?: string
}

const split = (x: number, y = 1) => ({
  mesh_shape: y === 1 ? `x:${x}` : `x:${x},y:${y}`,
  layout: y === 1 ? 'batch:x' : 'batch:x,heads:y,intermediate_expanded:y,vocab:y',
  parameter_layout: 'embd:x',
})
const whole = { tokens_per_mb_per_replica: 0 }
const lean = { ...whole, remat_policy: 'nothing' }

const cases: Readonly<Record<string, Case>> = {
  '125M-v2-8': {
    model: 'gpt-neo-125M',
    slice: 'v2-8',
    keys: { ...split(8), tokens_per_mb_per_replica: 8192, remat_policy: 'products' },
  },
  '1.3B-v2-8': { model: 'gpt3_XL', slice: 'v2-8', keys: { ...split(8), ...lean, train_batch_size: 8 } },
  '1.3B-v3-8': {
    model: 'gpt3_XL',
    slice: 'v3-8',
    keys: { ...split(8), ...lean, train_batch_size: 8 },
    jax: '2.0 + 3.3',
  },
  '1.3B-v5litepod-8': { model: 'gpt3_XL', slice: 'v5litepod-8', keys: { ...split(8), ...lean, train_batch_size: 8 } },
  '2.7B-v3-256': { model: 'gpt3_2-7B', slice: 'v3-256', keys: { ...split(128, 2), ...lean }, jax: '8.0 + 7.2' },
  '2.7B-v5litepod-256': { model: 'gpt3_2-7B', slice: 'v5litepod-256', keys: { ...split(128, 2), ...lean } },
  '6.7B-v4-256': { model: 'gpt3_6-7B', slice: 'v4-256', keys: { ...split(128), ...lean } },
  '13B-v4-256': { model: 'gpt3_13B', slice: 'v4-256', keys: { ...split(128), ...lean } },
  '175B-v5p-2048': {
    model: 'gpt3_175B',
    slice: 'v5p-2048',
    keys: { ...split(64, 16), ...lean, train_batch_size: 512 },
    jax: '2.4 + 43.2',
  },
}

const wanted = process.argv.slice(2)
for (const [name, { model, slice, keys }] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const file = `${folder}${name}.json`
  const base = JSON.parse(readFileSync(`${root}configs/models/${model}.json`, 'utf8')) as Record<string, unknown>
  writeFileSync(file, `${JSON.stringify({ ...base, ...keys }, null, 2)}\n`)
  const { config } = await readModelConfig(file)
  const start = performance.now()
  const found = await plan(config, { hardware: tpuSlice(slice) })
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`)
  writeFileSync(
    `${folder}${name}.plan.json`,
    `${JSON.stringify(found, (key, value) => (key === 'executable' ? undefined : value), 1)}\n`,
  )
  writeFileSync(
    `${folder}${name}.txt`,
    `$ npx neomesh plan docs/plans/${name}.json --topology ${slice}\n\n${describePlan(found, `${name}.json`)}`,
  )
}
writeFileSync(`${folder}README.md`, summary())

function summary(): string {
  const names = Object.keys(cases).filter((name) => readdirSync(folder).includes(`${name}.plan.json`))
  const rows = names.map((name) => row(name, JSON.parse(readFileSync(`${folder}${name}.plan.json`, 'utf8')) as Plan))
  return [
    '# Plans',
    '',
    "What a training step of GPT-Neo's sizes takes on TPU slices, by libtpu's compiler on a machine without TPUs (`neomesh plan`),",
    `beside the estimate that takes a second. Memory is that of one device in GB, arguments + temporaries. Made by bench/plans.ts on a machine of ${cpus().length} cores`,
    'that others used at the same time; CPU time is what compiling itself took. Each has its config (`.json`), its whole plan (`.txt`), and that as data (`.plan.json`).',
    '',
    '| model, slice | mesh, layout | batch, of it at once | memory by XLA | by estimate | of | JAX | flops of a device: XLA / counted | a step, MFU | compiled in: time, CPU time, memory |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    "JAX: what a program for the same model and batch took in a plain layout. Steps are estimates: XLA's cycles for its kernels, and bytes",
    'over links, none of it at once. "Counted" is 3 times the forward pass with what is computed again, divided by the devices.',
    '',
  ].join('\n')
}

function row(name: string, { hardware, model, mesh, layout, parameterLayout, estimate, xla, step }: Plan): string {
  const { memory } = xla!
  const gb = (bytes: number) => (bytes / 1e9).toFixed(2)
  const { parameters, optimizer, inputs, activations, gradients, working } = estimate.memory
  const cells = [
    `[${name}](${name}.txt)`,
    `${mesh}; ${layout}; ${parameterLayout}`,
    `${model.batch}, ${model.batch / model.microbatches}; remat ${model.remat}`,
    memory ? `${gb(memory.arguments)} + ${gb(memory.temporaries)}` : 'does not fit',
    `${gb(parameters + optimizer + inputs)} + ${gb(activations + gradients + working)}`,
    gb(hardware.memory!),
    cases[name].jax ?? '',
    `${xla!.flops!.toExponential(3)} / ${(estimate.flops.counted / hardware.devices).toExponential(3)}`,
    `${step!.seconds.toFixed(2)} s, ${(100 * step!.utilization).toFixed(0)}%`,
    `${xla!.seconds.toFixed(0)} s, ${xla!.cpuSeconds!.toFixed(0)} s, ${gb(xla!.hostMemory!)}`,
  ]
  return `| ${cells.join(' | ')} |`
}
