import type { ModelConfig } from '../config/index.js'
import type { TrainEvent } from '../train/index.js'
import { interruptedStatus } from './interrupt.js'
import { bytes, fixed, grouped } from '../text/index.js'
import { createProgress, whileWaiting, type Progress } from './progress.js'

export interface TrainingReport {
  readonly config: ModelConfig
  /** Description of the engine. */
  readonly engine: string
  /** Number of devices in the mesh. */
  readonly devices: number
  /** File name of the config. */
  readonly source: string
  readonly run: string
  /** Number of training sequences. */
  readonly sequences: number
  /** Command that resumes the run; null: the same command. */
  readonly resumeCommand: string | null
}

/** Reports training to a person, on stderr. */
export function showTraining({ config, engine, devices, source, run, sequences, resumeCommand }: TrainingReport) {
  let bar: Progress | null = null
  let step = 0
  let finished = false
  let preparing = true
  const say = (line: string) => (bar ? bar.log(line) : void process.stderr.write(`${line}\n`))

  const show: { readonly [K in TrainEvent['kind']]: (event: Extract<TrainEvent, { kind: K }>) => void } = {
    start({ step: first, steps, parameters, resumed, program, notes = [] }) {
      step = first
      const { memory, traceSeconds, compileSeconds, fromCache } = program
      const each = devices > 1 ? ` on each of ${devices} devices` : ''
      say(engine)
      say(
        `${source}: ${grouped(parameters)} parameters; ${grouped(sequences)} training sequences of ${config.n_ctx} ` +
          'tokens',
      )
      say(
        `training step: traced in ${fixed(traceSeconds, 1)} s, ${fromCache ? 'loaded from the cache' : 'compiled'} ` +
          `in ${fixed(compileSeconds, 1)} s${memory ? `; needs ${bytes(memory.arguments + memory.temporaries)}${each}` : ''}`,
      )
      for (const warning of program.warnings) say(warning)
      for (const note of notes) say(`note: ${note}`)
      if (resumed && first <= steps) say(`resuming after step ${first} of ${steps}: ${resumed}`)
      const format = (x: number) => (Number.isInteger(x) ? String(x) : fixed(x, 2))
      bar = createProgress({ title: 'training', total: steps, start: first, format })
    },
    step({ step: now, loss, tokensPerSecond }) {
      step = now
      const rate = tokensPerSecond > 0 ? `, ${grouped(Math.round(tokensPerSecond))} tokens/s` : ''
      bar?.update(step, `loss ${fixed(loss, 3)}${rate}`)
    },
    evaluating({ done, of, what }) {
      bar?.update(step, what === 'tasks' ? `tasks: text ${done} of ${of}` : `validation batch ${done} of ${of}`)
    },
    tasks({ step: after, tasks }) {
      const all = Object.entries(tasks).map(([name, metrics]) => {
        const values = Object.entries(metrics).map(
          ([metric, value]) => `${metric} ${fixed(value, value < 100 ? 4 : 1)}`,
        )
        return `${name} ${values.join(', ')}`
      })
      say(`after step ${after}: ${all.join('; ')}`)
    },
    evaluation({ step: after, loss, perplexity, bitsPerByte }) {
      const bits = bitsPerByte === null ? '' : `, ${fixed(bitsPerByte, 3)} bits per byte`
      say(`after step ${after}: validation loss ${fixed(loss, 4)}, perplexity ${fixed(perplexity, 2)}${bits}`)
    },
    checkpoint({ folder }) {
      say(`saved ${folder}`)
    },
    end({ step: last, interrupted }) {
      if (preparing) return // the interrupt has been reported
      const { train_steps: steps } = config
      finished = !interrupted
      const stopped = `stopped after step ${last} of ${steps}. To resume: ${resume}`
      const beyond = `nothing to do: ${run} is at step ${last}, beyond train_steps ${steps}`
      bar?.stop(last > steps ? beyond : finished ? `trained ${last} step${last === 1 ? '' : 's'}: ${run}` : stopped)
      bar = null
      if (!finished) process.exitCode = interruptedStatus()
    },
  }
  const resume = resumeCommand ?? 'run the same command again'

  return {
    finished: () => finished,
    /** Called on Ctrl-C. */
    interrupted() {
      if (preparing) {
        process.stderr.write(`interrupted before the first step; nothing to save. To resume: ${resume}\n`)
        return
      }
      say('interrupted: finishing this step and saving (Ctrl-C again stops at once, without saving)')
    },
    async follow(events: AsyncGenerator<TrainEvent>): Promise<void> {
      try {
        let next = await whileWaiting('preparing the training step', events.next())
        preparing = next.value?.kind === 'end'
        for (; !next.done; next = await events.next()) show[next.value.kind](next.value as never)
      } finally {
        bar?.stop()
      }
      // The training step may still be compiling, which cannot be cancelled: exit without waiting for it.
      if (preparing) process.exit(interruptedStatus())
    },
  }
}
