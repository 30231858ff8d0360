import { readScaling, runScaling, scalingTable, scalingVerdict, type ScalingEvent } from '../ablate/index.js'
import { ConfigError } from '../config/index.js'
import { join } from '../files/index.js'
import { fixed, grouped, plural, textTable } from '../text/index.js'
import { openEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { onMesh } from './mesh.js'
import { createProgress, whileWaiting, type Progress } from './progress.js'

/** `neomesh ablate --fit`: trains each size on each number of tokens, and fits a scaling law. */
export async function ablateForFit(path: string, options: EngineOptions & { readonly out?: string }): Promise<void> {
  const spec = await readScaling(path)
  const [{ spec: shortest }] = spec.lengths
  for (const note of shortest.notes) process.stderr.write(`${spec.name}: ${note}\n`)
  const out = options.out ?? join('runs', spec.name)
  const devices = await openEngine(options)
  const progress = showScaling(devices.description)
  const { signal, done } = interruptible(progress.interrupted)
  try {
    const engine = onMesh(devices, shortest.variants[0].config, {})
    const events = runScaling(spec, { engine, out, signal })
    const next = () => progress.waiting(events.next())
    for (let each = await next(); !each.done; each = await next()) progress.show(each.value)
    // A program may still be compiling, which cannot be cancelled: exit without waiting for it.
    if (process.exitCode === interruptedStatus()) process.exit()
  } finally {
    progress.stop()
    done()
    await devices.close()
  }
}

/** The error for a spec of a scaling law without --fit. */
export function needsFit(path: string, tokens: unknown): ConfigError {
  return new ConfigError(path, [
    `tokens: must be an integer >= 1 without --fit (got ${JSON.stringify(tokens)}). ` +
      'Add --fit to train each variant on each number of tokens and fit a scaling law',
  ])
}

/** Reports to a person, on stderr; the law goes to standard output. */
function showScaling(engine: string) {
  let bar: Progress | null = null
  let doing = 'reading finished runs'
  let steps = 0
  let path = ''
  const say = (line: string) => (bar ? bar.log(line) : void process.stderr.write(`${line}\n`))
  const stop = () => {
    bar?.stop()
    bar = null
  }
  return {
    stop,
    waiting: <T>(next: Promise<T>) => (bar ? next : whileWaiting(doing, next)),
    interrupted: () => say('interrupted: finishing this step and saving (Ctrl-C again stops at once, without saving)'),
    show(event: ScalingEvent): void {
      switch (event.kind) {
        case 'preparing':
          doing = event.what === 'tokenizer' ? 'training a tokenizer' : 'preparing data'
          return say(doing)
        case 'start':
          steps = event.steps
          say(engine)
          return say(`${plural(event.runs, 'training')}, ${grouped(steps)} steps in total`)
        case 'ablation': {
          const { tokens, before, event: of } = event
          if (of.kind === 'run') {
            doing = `${of.variant}, ${grouped(tokens)} tokens, seed ${of.seed}: preparing the training step`
          } else if (of.kind === 'training') {
            bar ??= createProgress({ title: 'training', total: steps, start: before, format: grouped })
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
          stop()
          const { interrupted, report } = event
          if (interrupted || report === null) {
            process.stderr.write('stopped. To resume: run the same command again\n')
            process.exitCode = interruptedStatus()
            return
          }
          if (report.fit) process.stdout.write(`${textTable(scalingTable(report.fit))}\n`)
          process.stdout.write(`${scalingVerdict(report).join('\n')}\n`)
          process.stderr.write(`report: ${path}\n`)
          if (report.fit === null) process.exitCode = 1
        }
      }
    },
  }
}
