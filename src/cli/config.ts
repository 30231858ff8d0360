import { Command } from 'commander'
import { fileURLToPath } from 'node:url'
import {
  attentionKinds,
  describeKeys,
  inspectModelConfig,
  readModelConfig,
  type KeyDescription,
  type ModelConfig,
} from '../config/index.js'
import { DataError, readDatasetConfig } from '../data/index.js'
import { FileError, join, readFolder, readJson } from '../files/index.js'
import { costsOf, flopsFormula, type LayerCosts, type ModelCosts, type Variable } from '../plan/index.js'
import { printable } from './errors.js'
import { bytes, grouped, scientific, textTable } from '../text/index.js'

/** The configs of the package. */
const shipped = fileURLToPath(new URL('../../../configs/models', import.meta.url))

export function configCommand(): Command {
  const command = new Command('config').description('check and explain model configs')
  command
    .command('check')
    .description('check model configs or data set configs: problems, and keys without effect')
    .argument('<files...>', 'configs')
    .action(async (files: string[]) => {
      for (const file of files) if (!(await check(file))) process.exitCode = 1
    })
  command
    .command('show')
    .description('show the layers of a model, with parameters, flops and memory')
    .argument('<file>', 'model config')
    .action(async (file: string) => {
      const { config, notes } = await readModelConfig(file)
      for (const note of notes) process.stderr.write(`${note}\n`)
      process.stdout.write(describeModel(config))
    })
  command
    .command('list')
    .description('list the model configs of the package')
    .action(async () => {
      process.stdout.write(await listShipped())
    })
  command
    .command('keys')
    .description('describe the keys of a model config, with their defaults')
    .argument('[word]', 'show only keys with this word in their name or meaning')
    .action((word = '') => {
      process.stdout.write(listKeys(word))
    })
  return command
}

/** Prints the diagnostics of a config; returns whether it is valid. An unreadable file does not stop the check of others. */
async function check(file: string): Promise<boolean> {
  try {
    return await inspect(file)
  } catch (error) {
    if (!(error instanceof FileError || error instanceof DataError)) throw error
    process.stdout.write(`${printable(error.message)}\n`)
    return false
  }
}

async function inspect(file: string): Promise<boolean> {
  const given = await readJson(file)
  if (isDatasetConfig(given)) {
    await readDatasetConfig(file)
    process.stdout.write(`${file}: no problems\n`)
    return true
  }
  const { problems, notes } = inspectModelConfig(given, { purpose: 'train' })
  const count =
    problems.length === 0 ? 'no problems' : problems.length === 1 ? '1 problem' : `${problems.length} problems`
  process.stdout.write(`${file}: ${count}\n`)
  for (const problem of problems) process.stdout.write(`  ${printable(problem)}\n`)
  for (const note of notes) process.stdout.write(`  note: ${printable(note)}\n`)
  return problems.length === 0
}

function isDatasetConfig(given: unknown): boolean {
  return given !== null && typeof given === 'object' && 'path' in given && !('n_embd' in given)
}

/** The layer table of a model, the shapes of its parameters and its totals. */
export function describeModel(config: ModelConfig): string {
  const costs = costsOf(config)
  const { n_layer, n_embd, n_head, n_ctx, n_vocab } = config
  const rows = costs.layers.map(({ layer, kind, mixture, parameters, flops }) => [
    `h${layer}`,
    mixture ? `${kind}, experts` : kind,
    parameters,
    Math.round(flops),
  ])
  const outside = sum(costs.outside)
  const rest = costs.flops - costs.layers.reduce((total, { flops }) => total + flops, 0)
  return [
    `${n_layer} layers, width ${n_embd}, ${n_head} heads of ${config.head_dim ?? n_embd / n_head}, ` +
      `${n_ctx} tokens, vocabulary ${n_vocab}\n\n`,
    textTable([
      ['layer', 'attention', 'parameters', 'flops/token'],
      ...rows,
      ['outside', '', outside, Math.round(rest)],
      ['all', '', costs.parameters, Math.round(costs.flops)],
    ]),
    '\n',
    shapes(costs),
    '\n',
    totals(config, costs),
  ].join('')
}

/** Shapes of the variables outside the layers, and of one layer of each sort. */
function shapes({ layers, outside }: ModelCosts): string {
  const sorts = new Map<string, LayerCosts[]>()
  for (const layer of layers) {
    const sort = layer.variables.map(shown).join()
    if (layer.variables.length > 0) sorts.set(sort, [...(sorts.get(sort) ?? []), layer])
  }
  const rows = (variables: readonly Variable[]) =>
    variables.map((variable) => ['', variable.name, shown(variable), variable.count])
  const groups = [...sorts.values()].flatMap((alike) => {
    const [first, ...more] = rows(alike[0].variables)
    return [[ranges(alike.map(({ layer }) => layer)), ...first.slice(1)], ...more]
  })
  const [first, ...more] = rows(outside)
  return textTable([['layers', 'variable', 'shape', 'parameters'], ['outside', ...first.slice(1)], ...more, ...groups])
}

function shown({ name, dims }: Variable): string {
  return dims.length === 0 ? 'scalar' : dims.map((dim) => `${dim.name} ${dim.size}`).join(', ') || name
}

/** Layer numbers, runs of them as their ends: "h0-h3, h5". */
function ranges(layers: readonly number[]): string {
  const runs: [number, number][] = []
  for (const layer of layers) {
    const last = runs.at(-1)
    if (last && layer === last[1] + 1) last[1] = layer
    else runs.push([layer, layer])
  }
  return runs.map(([from, to]) => (from === to ? `h${from}` : `h${from}-h${to}`)).join(', ')
}

function totals(config: ModelConfig, costs: ModelCosts): string {
  const { cache, parameters, activeParameters } = costs
  const active = activeParameters === parameters ? '' : `, of which ${grouped(Math.round(activeParameters))} per token`
  const perSequence = cache.perSequence === 0 ? '' : `, and ${bytes(cache.perSequence)} for each sequence`
  const whole = cache.perToken * config.n_ctx + cache.perSequence
  return [
    `parameters       ${grouped(parameters)}${active}`,
    `flops/token      ${scientific(costs.flops, 3)} forward, ${scientific(costs.trainingFlops, 3)} in training`,
    `training state   ${bytes(costs.parameterBytes)} of parameters and ${bytes(costs.optimizerBytes)} ` +
      `of ${config.opt_name}, f32`,
    `sampling cache   ${bytes(cache.perToken)} for each token${perSequence}: ${bytes(whole)} for ${config.n_ctx} tokens`,
    '',
    'How flops are counted:',
    ...flopsFormula.map((line) => `  ${line}`),
    '',
  ].join('\n')
}

function sum(variables: readonly Variable[]): number {
  return variables.reduce((total, { count }) => total + count, 0)
}

async function listShipped(): Promise<string> {
  const entries = await readFolder(shipped)
  const files = entries.map(({ name }) => name).filter((file) => file.endsWith('.json'))
  const models = await Promise.all(
    files.map(async (file) => {
      const { config } = await readModelConfig(join(shipped, file))
      return { file, config, parameters: costsOf(config).parameters }
    }),
  )
  models.sort((a, b) => a.parameters - b.parameters || a.file.localeCompare(b.file))
  const rows = models.map(({ file, config, parameters }) => [
    file.replace(/\.json$/, ''),
    parameters,
    config.n_layer,
    config.n_embd,
    config.n_head,
    config.n_ctx,
    attention(config),
  ])
  const head = ['config', 'parameters', 'layers', 'width', 'heads', 'tokens', 'attention']
  return `${textTable([head, ...rows])}in ${shipped}\n`
}

/** Kinds of attention of a model, and whether it has experts. */
function attention(config: ModelConfig): string {
  const kinds = [...new Set<string>(attentionKinds(config))]
  return [...kinds, ...(config.moe_layers.length > 0 ? ['experts'] : [])].join(', ')
}

function listKeys(word: string): string {
  const keys = describeKeys().filter(({ name, meaning }) =>
    `${name} ${meaning}`.toLowerCase().includes(word.toLowerCase()),
  )
  if (keys.length === 0) return `no key has "${word}" in its name or meaning\n`
  const groups = [...new Set(keys.map(({ section }) => section))]
  const text = ({ name, meaning, kind, default: fallback }: KeyDescription) =>
    `  ${name}\n      ${meaning}\n      ${kind}; ${fallback === 'required' ? fallback : `default: ${fallback}`}\n`
  return groups
    .map((group) => {
      const inGroup = keys.filter(({ section }) => section === group)
      return `${group}\n${inGroup.map(text).join('')}`
    })
    .join('\n')
}
