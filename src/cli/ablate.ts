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
import { openEngine, withEngine } from './engine.js'
import { ablateForFit, needsFit } from './ablate-fit.js'
import { ablateOnTasks, type TaskOptions } from './ablate-tasks.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { onMesh } from './mesh.js'
import { integerOption } from './options.js'
import { createProgress, whileWaiting, type Progress } from './progress.js'
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
        const devices = await openEngine(options)
        const progress = showAblation(devices.description)
        const { signal, done } = interruptible(progress.interrupted)
        try {
          const engine = onMesh(devices, spec.variants[0].config, {})
          await progress.follow(ablate(spec, { engine, out, signal }))
          // A program may still be compiling, which cannot be cancelled: exit without waiting for it.
          if (process.exitCode === interruptedStatus()) process.exit()
        } finally {
          done()
          await devices.close()
        }
      }),
  )
}

/** Reports an ablation to a person, on stderr; the table of results goes to standard output. */
function showAblation(engine: string) {
  let bar: { readonly of: 'training' | 'measuring costs'; readonly progress: Progress } | null = null
  let doing = 'reading finished runs'
  let run = ''
  let loss = ''
  let steps = 0
  let path = ''

  const say = (line: string) => (bar ? bar.progress.log(line) : void process.stderr.write(`${line}\n`))
  const stop = () => {
    bar?.progress.stop()
    bar = null
  }
  const barOf = (of: 'training' | 'measuring costs', total: number, start: number): Progress => {
    if (bar?.of !== of) {
      stop()
      bar = { of, progress: createProgress({ title: of, total, start, format }) }
    }
    return bar!.progress
  }

  const show: { readonly [K in AblationEvent['kind']]: (event: Extract<AblationEvent, { kind: K }>) => void } = {
    preparing({ what }) {
      doing = what === 'tokenizer' ? 'training a tokenizer' : 'preparing data'
      say(doing)
    },
    start({ runs, finished, steps }) {
      const there = finished > 0 ? `; ${finished} already finished` : ''
      say(engine)
      say(`${runs} runs, ${grouped(steps)} steps in total${there}`)
    },
    run({ variant, seed, number, runs }) {
      run = `${variant}, seed ${seed} (${number} of ${runs})`
      doing = `${run}: preparing the training step`
      bar?.progress.update(steps, `${run}, preparing`)
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
      stop()
      if (!interrupted && report) process.stdout.write(results(report))
      process.stderr.write(interrupted ? 'stopped. To resume: run the same command again\n' : `report: ${path}\n`)
      if (interrupted) process.exitCode = interruptedStatus()
    },
  }
  return {
    interrupted: () => say('interrupted: finishing this step and saving (Ctrl-C again stops at once, without saving)'),
    async follow(events: AsyncGenerator<AblationEvent>): Promise<void> {
      const next = () => (bar ? events.next() : whileWaiting(doing, events.next()))
      try {
        for (let each = await next(); !each.done; each = await next()) show[each.value.kind](each.value as never)
      } finally {
        stop()
      }
    },
  }
}

const format = (x: number) => (Number.isInteger(x) ? grouped(x) : fixed(x, 2))

function results(report: AblationReport): string {
  return `${textTable(summaryTable(report))}\n${summaryNotes(report).join('\n')}\n`
}
