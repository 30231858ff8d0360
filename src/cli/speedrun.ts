import { Command } from 'commander'
import {
  newRecord,
  readSpeedrun,
  runSpeedrun,
  speedrunTable,
  speedrunVerdict,
  type SpeedrunEvent,
} from '../ablate/index.js'
import { join } from '../files/index.js'
import { fixed, grouped, plural, textTable } from '../text/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { onMesh } from './mesh.js'
import { createProgress, whileWaiting, type Progress } from './progress.js'

export function speedrunCommand(): Command {
  return withEngine(
    new Command('speedrun')
      .description('measure the time to a validation loss: recipes against the record, over several seeds')
      .argument('<spec>', 'speedrun config, such as configs/speedrun/demo.json')
      .option(
        '-o, --out <folder>',
        'output folder; an interrupted speedrun in it is resumed (default: "runs/speedrun-NAME")',
      )
      .action(async (path: string, options: EngineOptions & { out?: string }) => {
        const spec = await readSpeedrun(path)
        for (const note of spec.notes) process.stderr.write(`${spec.name}: ${note}\n`)
        const out = options.out ?? join('runs', `speedrun-${spec.name}`)
        const devices = await openEngine(options)
        const progress = showSpeedrun(devices.description)
        const { signal, done } = interruptible(progress.interrupted)
        try {
          const engine = onMesh(devices, spec.recipes[0].config, {})
          const events = runSpeedrun(spec, { engine, out, signal })
          const next = () => progress.waiting(events.next())
          for (let each = await next(); !each.done; each = await next()) progress.show(each.value)
          // A program may still be compiling, which cannot be cancelled: exit without waiting for it.
          if (process.exitCode === interruptedStatus()) process.exit()
        } finally {
          progress.stop()
          done()
          await devices.close()
        }
      }),
  )
}

/** Reports to a person, on stderr; the table of times goes to standard output. */
function showSpeedrun(engine: string) {
  let bar: Progress | null = null
  let doing = 'reading finished runs'
  let loss = ''
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
    show(event: SpeedrunEvent): void {
      switch (event.kind) {
        case 'preparing':
          doing = event.what === 'tokenizer' ? 'training a tokenizer' : 'preparing data'
          return say(doing)
        case 'start':
          say(engine)
          return say(
            `${plural(event.runs, 'training')}${event.finished > 0 ? `; ${event.finished} already finished` : ''}`,
          )
        case 'run':
          stop()
          loss = ''
          doing = `${event.recipe}, seed ${event.seed} (${event.number} of ${event.runs}): preparing the training step`
          return
        case 'training': {
          const { recipe, seed, event: of } = event
          if (of.kind === 'evaluation') loss = `, validation loss ${fixed(of.loss, 3)}`
          if (of.kind !== 'step' && of.kind !== 'evaluation') return
          const total = 'steps' in of ? of.steps : 0
          if (total > 0) bar ??= createProgress({ title: 'training', total, start: of.step, format: grouped })
          bar?.update(of.step, `${recipe}, seed ${seed}${loss}`)
          return
        }
        case 'result': {
          const { recipe, seed, result } = event
          const last = result.evaluations.at(-1)
          const end =
            result.diverged ??
            `validation loss ${last && fixed(last.loss, 4)} after ${last && grouped(last.step)} steps`
          return say(
            `${recipe}, seed ${seed}: ${end}, ${fixed(result.cpuSeconds, 1)} s of CPU time, ${fixed(result.seconds, 1)} s`,
          )
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
          process.stdout.write(`${textTable(speedrunTable(report))}\n${speedrunVerdict(report).join('\n')}\n`)
          const taken = newRecord(report)
          if (taken) process.stderr.write(`to make it the record: set "record": "${taken.recipe}" in the config\n`)
          process.stderr.write(`report: ${path}\n`)
        }
      }
    },
  }
}
