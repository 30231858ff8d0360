import { readScaling, runScaling, scalingTable, scalingVerdict, type ScalingEvent } from '../ablate/index.js'
import { ConfigError } from '../config/index.js'
import { join } from '../files/index.js'
import { fixed, grouped, plural, textTable } from '../text/index.js'
import { follow, sayPreparing, type Display } from './ablation-progress.js'
import type { EngineOptions } from './engine.js'

/** `neomesh ablate --fit`: trains each size on each number of tokens, and fits a scaling law. */
export async function ablateForFit(path: string, options: EngineOptions & { readonly out?: string }): Promise<void> {
  const spec = await readScaling(path)
  const [{ spec: shortest }] = spec.lengths
  for (const note of shortest.notes) process.stderr.write(`${spec.name}: ${note}\n`)
  const out = options.out ?? join('runs', spec.name)
  await follow({
    options,
    config: shortest.variants[0].config,
    events: (engine, signal) => runScaling(spec, { engine, out, signal }),
    show: showScaling,
  })
}

/** The error for a spec of a scaling law without --fit. */
export function needsFit(path: string, tokens: unknown): ConfigError {
  return new ConfigError(path, [
    `tokens: must be an integer >= 1 without --fit (got ${JSON.stringify(tokens)}). ` +
      'Add --fit to train each variant on each number of tokens and fit a scaling law',
  ])
}

/** Reports to a person, on stderr; the law goes to standard output. */
function showScaling(display: Display, engine: string): (event: ScalingEvent) => void {
  const { say } = display
  let steps = 0
  let path = ''
  return (event) => {
    switch (event.kind) {
      case 'preparing':
        return sayPreparing(display, event.what)
      case 'start':
        steps = event.steps
        say(engine)
        return say(`${plural(event.runs, 'training')}, ${grouped(steps)} steps in total`)
      case 'ablation': {
        const { tokens, before, event: of } = event
        if (of.kind === 'run') {
          display.doing = `${of.variant}, ${grouped(tokens)} tokens, seed ${of.seed}: preparing the training step`
        } else if (of.kind === 'training') {
          const bar = display.barOf('training', steps, before)
          bar.update(before + of.done, `${of.variant}, ${grouped(tokens)} tokens, seed ${of.seed}`)
        } else if (of.kind === 'result') {
          const last = of.result.evaluations.at(-1)
          const end = of.result.diverged ?? `validation loss ${last && fixed(last.loss, 4)}`
          say(`${of.variant}, ${grouped(tokens)} tokens, seed ${of.seed}: ${end}`)
        }
        return
      }
      case 'report':
        path = event.path
        return
      case 'end': {
        display.stop()
        const { interrupted, report } = event
        if (interrupted || report === null) return display.stopped()
        if (report.fit) process.stdout.write(`${textTable(scalingTable(report.fit))}\n`)
        process.stdout.write(`${scalingVerdict(report).join('\n')}\n`)
        process.stderr.write(`report: ${path}\n`)
        if (report.fit === null) process.exitCode = 1
      }
    }
  }
}
