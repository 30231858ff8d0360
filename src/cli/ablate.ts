import { Command } from 'commander'
import { join, readJson } from '../files/index.js'
import {
  ablate,
  isGrid,
  isScaling,
  readAblation,
  summaryNotes,
  summaryTable,
  type AblationEvent,
  type AblationReport,
} from '../ablate/index.js'
import { follow, sayPreparing, type Display } from './ablation-progress.js'
import { withEngine } from './engine.js'
import { ablateForFit, needsFit } from './ablate-fit.js'
import { ablateOnTasks, type TaskOptions } from './ablate-tasks.js'
import { integerOption } from './options.js'
import { fixed, grouped, textTable } from '../text/index.js'

export function ablateCommand(): Command {
  return withEngine(
    new Command('ablate')
      .description('compare variants of a model, such as attention kinds, on equal tokens over several seeds')
      .argument('<spec>', 'ablation config, such as configs/ablations/attention.json')
      .option('-o, --out <folder>', 'output folder; an interrupted ablation in it is resumed (default: "runs/NAME")')
      .option(
        '--only <parts...>',
        'of an ablation on tasks, do the trainings whose names have these parts, such as delta seed-1',
      )
      .option('--processes <N>', 'of an ablation on tasks, do N trainings at a time (default: cores)', integerOption(1))
      .option('--fit', 'train each variant on each number of tokens, and fit loss = E + A / N^a + B / D^b')
      .action(async (path: string, { fit, ...options }: TaskOptions & { fit?: boolean }) => {
        if (fit) return ablateForFit(path, options)
        const given = await readJson(path)
        if (isGrid(given)) return ablateOnTasks(path, options)
        if (isScaling(given)) throw needsFit(path, (given as { tokens: unknown }).tokens)
        const spec = await readAblation(path)
        for (const note of spec.notes) process.stderr.write(`${spec.name}: ${note}\n`)
        const out = options.out ?? join('runs', spec.name)
        await follow({
          options,
          config: spec.variants[0].config,
          events: (engine, signal) => ablate(spec, { engine, out, signal }),
          show: showAblation,
        })
      }),
  )
}

/** Reports an ablation to a person, on stderr; the table of results goes to standard output. */
function showAblation(display: Display, engine: string): (event: AblationEvent) => void {
  const { say, barOf } = display
  let run = ''
  let loss = ''
  let steps = 0
  let path = ''

  const show: { readonly [K in AblationEvent['kind']]: (event: Extract<AblationEvent, { kind: K }>) => void } = {
    preparing({ what }) {
      sayPreparing(display, what)
    },
    start({ runs, finished, steps }) {
      const there = finished > 0 ? `; ${finished} already finished` : ''
      say(engine)
      say(`${runs} runs, ${grouped(steps)} steps in total${there}`)
    },
    run({ variant, seed, number, runs }) {
      run = `${variant}, seed ${seed} (${number} of ${runs})`
      display.doing = `${run}: preparing the training step`
      display.bar()?.update(steps, `${run}, preparing`)
    },
    training({ event, done, of }) {
      steps = done
      if (event.kind === 'start') loss = event.resumed ? ', resuming' : ''
      if (event.kind === 'step') loss = `, loss ${fixed(event.loss, 3)}`
      barOf('training', of, done).update(done, `${run}${loss}`)
    },
    result({ variant, seed, result: { evaluations, diverged, tokensPerSecond } }) {
      const last = evaluations.at(-1)
      const bits = last?.bitsPerByte ? `, ${fixed(last.bitsPerByte, 3)} bits per byte` : ''
      const end = diverged ?? `validation loss ${last && fixed(last.loss, 4)}${bits}`
      say(`${variant}, seed ${seed}: ${end}; ${grouped(Math.round(tokensPerSecond))} tokens/s`)
    },
    measuring({ attention, length, done, of }) {
      barOf('measuring costs', of, done).update(done, `${attention} at ${grouped(length)} tokens`)
    },
    cost({ done, of }) {
      barOf('measuring costs', of, done).update(done)
    },
    report: (event) => void (path = event.path),
    end({ interrupted, report }) {
      display.stop()
      if (interrupted) return display.stopped()
      if (report) process.stdout.write(results(report))
      process.stderr.write(`report: ${path}\n`)
    },
  }
  return (event) => show[event.kind](event as never)
}

function results(report: AblationReport): string {
  return `${textTable(summaryTable(report))}\n${summaryNotes(report).join('\n')}\n`
}
