/**
 * Plans of GPT-Neo's sizes on TPU slices and GPUs, by estimate and by XLA: docs/plans/NAME.json is the model config with its mesh,
 * NAME.txt what `neomesh plan` says of it, NAME.plan.json the same as data, README.md a table of all. search-NAME.txt is what
 * `neomesh plan --search` finds against the layout that GPT-Neo ships with a config.
 * node dist/bench/plans.js [name ...]     An hour on two cores; needs `make plan-setup` and `make plan-setup GPU=1`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describeSearch } from '../src/cli/plan-search.js'
import { describePlan } from '../src/notebook/plan-table.js'
import { readModelConfig } from '../src/config/index.js'
import { hardwareOf, plan, searchLayouts, type Plan } from '../src/plan/index.js'

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
const alone = { mesh_shape: '', layout: '', parameter_layout: '' }
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
  '125M-l4-1': {
    model: 'gpt-neo-125M',
    slice: 'l4-1',
    keys: { ...alone, precision: 'bfloat16', tokens_per_mb_per_replica: 8192, remat_policy: 'products' },
  },
  '125M-a100-40gb-8': {
    model: 'gpt-neo-125M',
    slice: 'a100-40gb-8',
    keys: { ...split(8), precision: 'bfloat16', tokens_per_mb_per_replica: 16384, remat_policy: 'products' },
  },
  '1.3B-h100-1': {
    model: 'gpt3_XL',
    slice: 'h100-1',
    keys: { ...alone, ...lean, train_batch_size: 8 },
    jax: '15.79 + 20.84',
  },
  '1.3B-h100-8': { model: 'gpt3_XL', slice: 'h100-8', keys: { ...split(8), ...lean, train_batch_size: 64 } },
  '2.7B-a100-80gb-8': {
    model: 'gpt3_2-7B',
    slice: 'a100-80gb-8',
    keys: { ...split(8), tokens_per_mb_per_replica: 16384, remat_policy: 'nothing' },
  },
  '6.7B-h100-64': { model: 'gpt3_6-7B', slice: 'h100-64', keys: { ...split(64), ...lean } },
  '13B-h100-64': {
    model: 'gpt3_13B',
    slice: 'h100-64',
    keys: { ...split(64), ...lean },
    jax: '2.42 + 54.49',
  },
  '175B-h100-1024': {
    model: 'gpt3_175B',
    slice: 'h100-1024',
    keys: { ...split(64, 16), ...lean, train_batch_size: 512 },
  },
}

interface Search {
  readonly model: string
  readonly slice: string
  /** Of the config that the search is compared with. */
  readonly keys?: Readonly<Record<string, unknown>>
}

/** On the slice that GPT-Neo's layouts were made for; and on GPUs against variables that every card has whole. */
const searches: Readonly<Record<string, Search>> = {
  'search-1.3B-v3-256': { model: 'gpt3_XL', slice: 'v3-256' },
  'search-350M-v3-256': { model: 'gpt3_medium', slice: 'v3-256' },
  'search-neo-2.7B-v3-256': { model: 'gpt-neo-2.7B', slice: 'v3-256' },
  'search-13B-h100-64': {
    model: 'gpt3_13B',
    slice: 'h100-64',
    keys: { mesh_shape: 'x:64', layout: 'batch:x', parameter_layout: '', ...lean },
  },
}

const HEAD = `| model, hardware | mesh; layout; parameter_layout | batch, microbatch; remat_policy | device memory by XLA, GB | by estimate | available | JAX | device flops: XLA / by formula | step time, MFU | compilation: time, CPU time, memory |
|---|---|---|---|---|---|---|---|---|---|`

const wanted = process.argv.slice(2)
for (const [name, { model, slice, keys }] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const file = `${folder}${name}.json`
  const base = JSON.parse(readFileSync(`${root}configs/models/${model}.json`, 'utf8')) as Record<string, unknown>
  writeFileSync(file, `${JSON.stringify({ ...base, ...keys }, null, 2)}\n`)
  const { config } = await readModelConfig(file)
  const start = performance.now()
  const found = await plan(config, { hardware: hardwareOf(slice) })
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
for (const [name, { model, slice, keys }] of Object.entries(searches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const file = keys ? `docs/plans/${name}.json` : `configs/models/${model}.json`
  if (keys) {
    const base = JSON.parse(readFileSync(`${root}configs/models/${model}.json`, 'utf8')) as Record<string, unknown>
    writeFileSync(`${root}${file}`, `${JSON.stringify({ ...base, ...keys }, null, 2)}\n`)
  }
  const { config } = await readModelConfig(`${root}${file}`)
  const found = await searchLayouts(config, { hardware: hardwareOf(slice), compile: 1 })
  const command = `$ npx neomesh plan ${file} --topology ${slice} --search`
  writeFileSync(`${folder}${name}.txt`, `${command}     (with the best one compiled)\n\n${describeSearch(found)}`)
}
writeFileSync(`${folder}README.md`, summary())

function summary(): string {
  const names = Object.keys(cases).filter((name) => readdirSync(folder).includes(`${name}.plan.json`))
  const rows = (gpus: boolean) =>
    names
      .filter((name) => (hardwareOf(cases[name].slice).cluster !== null) === gpus)
      .map((name) => row(name, JSON.parse(readFileSync(`${folder}${name}.plan.json`, 'utf8')) as Plan))
      .join('\n')
  const found = Object.keys(searches).filter((name) => readdirSync(folder).includes(`${name}.txt`))
  return `# Plans

Training steps of models of GPT-Neo's sizes on TPU slices and on GPUs, compiled by XLA (libtpu, and the CUDA plugin) on a machine that has
neither, beside estimates that take a second. Each has its config (NAME.json), the output of \`neomesh plan\` (NAME.txt), and the plan as data (NAME.plan.json). bench/plans.ts
made them on ${cpus().length} cores shared with other programs. A test compares today's estimates with
XLA's figures: state within 2%, total memory within 25% (30% on GPUs), flops within 5%.

## TPUs

${HEAD}
${rows(false)}

## GPUs

None of these has run on a GPU.

${HEAD}
${rows(true)}

- Memory is arguments (parameters, optimizer state, batch) + temporaries. JAX: memory of a JAX program for the same model and
  batch in a plain layout; on GPUs bench/peers/plan_jax.py, with the same split of batch and variables and every layer recomputed,
  compiled in the same way (bench/plan-program.ts). What it needs more is mostly the loss: it has all logits in f32 at once.
- Flops are those of matrix products. The formula (see \`neomesh config show\`) is 3 times the forward pass plus recomputation, divided
  by the number of devices. XLA's cost analysis counts the body of a loop once; here it counts once per iteration, with trip counts
  from the compiled program.
- A step's time is an estimate: XLA's cycle estimates of its kernels (on GPUs, where XLA gives none, a roofline of the operations) plus the
  time to send each device's data over the links along the mesh axes, without overlap. These steps have not been run. MFU is the model's flops, without recomputation, over the peak in that time.
- f32 products run on TPUs in one pass of bf16, so the peak is that of bf16 in either case. On GPUs they take
  twice as long or more: plan with bfloat16 there.

On GPUs, available memory is three quarters of the card's, which is what XLA's client takes unless told otherwise.

src/plan/chips.ts and links.ts have the mapping of mesh axes to the torus, the bandwidth of links and the peaks, with sources; src/plan/gpu the same of GPUs.

## Searches

\`neomesh plan --search\` compared with the layouts that GPT-Neo ships with its configs for 256 cores, and on GPUs with plain data
parallelism, in which every card has all variables:
${found.map((name) => `[${name}](${name}.txt)`).join(', ') || 'none yet'}.

## On the slice

\`neomesh plan CONFIG --topology v3-256 --save-executable step.xla\` saves the executable; \`neomesh train CONFIG --device tpu --layers scan
--compiled step.xla\` loads it there if config, mesh, batch and libtpu are the same.
`
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
