/** A tiny ablation, for tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { ablate, parseAblation, type AblationEvent } from '../../src/ablate/index.js'
import { makeWorld, TINY } from '../cli/world.js'
import { engine } from '../tensor/check.js'

/** n_ctx is 16: radius 16 sees what global attention sees. */
export const SPEC = {
  base: {
    ...TINY,
    n_layer: 1,
    attention_types: [[['global'], 1]],
    local_attention_radius: 16,
    steps_per_checkpoint: 4,
    eval_steps: 2,
  },
  data: 'data',
  variants: {
    global: {},
    'local-16': { attention_types: [[['local'], 1]] },
    experts: { moe_layers: [0], moe_params: { moe_num_experts: 2, moe_hidden_size: 8 } },
  },
  seeds: [1, 2],
  steps: 6,
  evaluate_every: 2,
  costs: { lengths: [8, 16], tokens: 32, steps: 2, attention: ['local', 'none'] },
}

let made: Promise<string> | undefined
after(async () => {
  if (made) rmSync(await made, { recursive: true, force: true })
})

/** A folder with data, which the tests of a file share, with a compile cache of their own. */
export function world(): Promise<string> {
  return (made ??= makeAblationWorld())
}

async function makeAblationWorld(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-ablate-'))
  process.env.NEOMESH_CACHE = join(folder, 'cache')
  await makeWorld(folder)
  return folder
}

export interface RunAblation {
  /** Keys that override SPEC's. */
  readonly spec?: Record<string, unknown>
  /** Hears each event; what it aborts ends the ablation. */
  readonly onEvent?: (event: AblationEvent, controller: AbortController) => void
}

/** Runs the ablation in a folder of this name, and gives what happened. */
export async function run(name: string, { spec = {}, onEvent }: RunAblation = {}): Promise<AblationEvent[]> {
  const folder = await world()
  const controller = new AbortController()
  const parsed = await parseAblation({ ...SPEC, ...spec }, { folder, name: 'tiny' })
  const events: AblationEvent[] = []
  const options = { engine: await engine(), out: join(folder, name), signal: controller.signal }
  for await (const event of ablate(parsed, options)) {
    events.push(event)
    onEvent?.(event, controller)
  }
  return events
}

export function only<K extends AblationEvent['kind']>(events: readonly AblationEvent[], kind: K) {
  return events.filter((event): event is Extract<AblationEvent, { kind: K }> => event.kind === kind)
}
