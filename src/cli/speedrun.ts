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
import { follow, sayPreparing, type Display } from './ablation-progress.js'
import { withEngine, type EngineOptions } from './engine.js'

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
        await follow({
          options,
          config: spec.recipes[0].config,
          events: (engine, signal) => runSpeedrun(spec, { engine, out, signal }),
          show: showSpeedrun,
        })
      }),
  )
}

/** Reports to a person, on stderr; the table of times goes to standard output. */
function showSpeedrun(display: Display, engine: string): (event: SpeedrunEvent) => void {
  const { say } = display
  let loss = ''
  let path = ''
  return (event) => {
    switch (event.kind) {
      case 'preparing':
        return sayPreparing(display, event.what)
      case 'start':
        say(engine)
        return say(
          `${plural(event.runs, 'training')}${event.finished > 0 ? `; ${event.finished} already finished` : ''}`,
        )
      case 'run':
        display.stop()
        loss = ''
        display.doing = `${event.recipe}, seed ${event.seed} (${event.number} of ${event.runs}): preparing the training step`
        return
      case 'training': {
        const { recipe, seed, event: of } = event
        if (of.kind === 'evaluation') loss = `, validation loss ${fixed(of.loss, 3)}`
        if (of.kind !== 'step' && of.kind !== 'evaluation') return
        const total = 'steps' in of ? of.steps : 0
        const bar = total > 0 ? display.barOf('training', total, of.step) : display.bar()
        bar?.update(of.step, `${recipe}, seed ${seed}${loss}`)
        return
      }
      case 'result': {
        const { recipe, seed, result } = event
        const last = result.evaluations.at(-1)
        const end =
          result.diverged ?? `validation loss ${last && fixed(last.loss, 4)} after ${last && grouped(last.step)} steps`
        return say(
          `${recipe}, seed ${seed}: ${end}, ${fixed(result.cpuSeconds, 1)} s of CPU time, ${fixed(result.seconds, 1)} s`,
        )
      }
      case 'report':
        path = event.path
        return
      case 'end': {
        display.stop()
        const { interrupted, report } = event
        if (interrupted || report === null) return display.stopped()
        process.stdout.write(`${textTable(speedrunTable(report))}\n${speedrunVerdict(report).join('\n')}\n`)
        const taken = newRecord(report)
        if (taken) process.stderr.write(`to make it the record: set "record": "${taken.recipe}" in the config\n`)
        process.stderr.write(`report: ${path}\n`)
      }
    }
  }
}
