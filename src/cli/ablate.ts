import { Command } from 'commander'
import { join } from '../files/index.js'
import {
  ablate,
  readAblation,
  summaryNotes,
  summaryTable,
  type AblationEvent,
  type AblationReport,
} from '../ablate/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { onMesh } from './mesh.js'
import { createProgress, whileWaiting, type Progress } from './progress.js'
import { textTable } from '../text/table.js'

export function ablateCommand(): Command {
  return withEngine(
    new Command('ablate')
      .description(
        'compare variants of a model, such as kinds of attention, on equal tokens; several seeds, one report',
      )
      .argument('<spec>', 'ablation, such as configs/ablations/attention.json')
      .option('-o, --out <folder>', 'where everything goes; running it again goes on (default: "runs/NAME")')
      .action(async (path: string, options: EngineOptions & { out?: string }) => {
        const spec = await readAblation(path)
        for (const note of spec.notes) process.stderr.write(`${spec.name}: ${note}\n`)
        const out = options.out ?? join('runs', spec.name)
        const devices = await openEngine(options)
        const news = showAblation(devices.description)
        const { signal, done } = interruptible(news.interrupted)
        try {
          const engine = onMesh(devices, spec.variants[0].config, {})
          await news.follow(ablate(spec, { engine, out, signal }))
          // A program may still be compiling, which cannot be stopped and which nobody waits for.
          if (process.exitCode === interruptedStatus()) process.exit()
        } finally {
          done()
          await devices.close()
        }
      }),
  )
}

/** Tells a person what happens, on stderr; the table of the results goes to standard output. */
function showAblation(engine: string) {
  let bar: { readonly of: 'training' | 'measuring costs'; readonly progress: Progress } | null = null
  let doing = 'reading what is there'
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
      doing = what === 'tokenizer' ? 'making a tokenizer' : 'preparing data'
      say(doing)
    },
    start({ runs, finished, steps }) {
      const there = finished > 0 ? `; ${finished} are there already` : ''
      say(engine)
      say(`${runs} runs, ${steps.toLocaleString('en-US')} steps in all${there}`)
    },
    run({ variant, seed, number, runs }) {
      run = `${variant}, seed ${seed} (${number} of ${runs})`
      doing = `${run}: preparing the training step`
      bar?.progress.update(steps, `${run}, preparing`)
    },
    training({ event, done, of }) {
      steps = done
      if (event.kind === 'start') loss = event.resumed ? ', going on' : ''
      if (event.kind === 'step') loss = `, loss ${event.loss.toFixed(3)}`
      barOf('training', of, done).update(done, `${run}${loss}`)
    },
    result({ variant, seed, result: { evaluations, diverged, tokensPerSecond } }) {
      const last = evaluations.at(-1)
      const bits = last?.bitsPerByte ? `, ${last.bitsPerByte.toFixed(3)} bits per byte` : ''
      const end = diverged ?? `validation loss ${last?.loss.toFixed(4)}${bits}`
      say(`${variant}, seed ${seed}: ${end}; ${Math.round(tokensPerSecond).toLocaleString('en-US')} tokens/s`)
    },
    measuring({ attention, length, done, of }) {
      barOf('measuring costs', of, done).update(done, `${attention} at ${length.toLocaleString('en-US')} tokens`)
    },
    cost({ done, of }) {
      barOf('measuring costs', of, done).update(done)
    },
    report: (event) => void (path = event.path),
    end({ interrupted, report }) {
      stop()
      if (!interrupted && report) process.stdout.write(results(report))
      process.stderr.write(interrupted ? 'stopped. To go on: the same command again\n' : `the report: ${path}\n`)
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

const format = (x: number) => (Number.isInteger(x) ? x.toLocaleString('en-US') : x.toFixed(2))

function results(report: AblationReport): string {
  return `${textTable(summaryTable(report))}\n${summaryNotes(report).join('\n')}\n`
}
