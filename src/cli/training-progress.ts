import type { ModelConfig } from '../config/index.js'
import type { TrainEvent } from '../train/index.js'
import { interruptedStatus } from './interrupt.js'
import { bytes, createProgress, whileWaiting, type Progress } from './progress.js'

export interface TrainingNews {
  readonly config: ModelConfig
  /** What runs it. */
  readonly engine: string
  /** Devices that it is spread over. */
  readonly devices: number
  /** Name of the config. */
  readonly source: string
  readonly run: string
  /** Sequences to train on. */
  readonly sequences: number
  /** What to type to go on. */
  readonly again: string
}

/** Tells a person what happens in training, on stderr. */
export function showTraining({ config, engine, devices, source, run, sequences, again }: TrainingNews) {
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
        `${source}: ${count(parameters)} parameters; ${count(sequences)} training sequences of ${config.n_ctx} ` +
          'tokens',
      )
      say(
        `training step: traced in ${traceSeconds.toFixed(1)} s, ${fromCache ? 'loaded from the cache' : 'compiled'} ` +
          `in ${compileSeconds.toFixed(1)} s${memory ? `; needs ${bytes(memory.arguments + memory.temporaries)}${each}` : ''}`,
      )
      for (const warning of program.warnings) say(warning)
      for (const note of notes) say(`note: ${note}`)
      if (resumed && first <= steps) say(`going on after step ${first} of ${steps}: ${resumed}`)
      const format = (x: number) => (Number.isInteger(x) ? String(x) : x.toFixed(2))
      bar = createProgress({ title: 'training', total: steps, start: first, format })
    },
    step({ step: now, loss, tokensPerSecond }) {
      step = now
      const rate = tokensPerSecond > 0 ? `, ${count(Math.round(tokensPerSecond))} tokens/s` : ''
      bar?.update(step, `loss ${loss.toFixed(3)}${rate}`)
    },
    evaluating({ done, of }) {
      bar?.update(step, `validation batch ${done} of ${of}`)
    },
    evaluation({ step: after, loss, perplexity, bitsPerByte }) {
      const bits = bitsPerByte === null ? '' : `, ${bitsPerByte.toFixed(3)} bits per byte`
      say(`after step ${after}: validation loss ${loss.toFixed(4)}, perplexity ${perplexity.toFixed(2)}${bits}`)
    },
    checkpoint({ folder }) {
      say(`saved ${folder}`)
    },
    end({ step: last, interrupted }) {
      if (preparing) return // an interrupt has said so
      const { train_steps: steps } = config
      finished = !interrupted
      const stopped = `stopped after step ${last} of ${steps}. To go on: ${howToGoOn()}`
      const beyond = `nothing to do: ${run} is at step ${last}, beyond the ${steps} that are asked for`
      bar?.stop(last > steps ? beyond : finished ? `trained ${last} step${last === 1 ? '' : 's'}: ${run}` : stopped)
      bar = null
      if (!finished) process.exitCode = interruptedStatus()
    },
  }
  const howToGoOn = () => (again === 'the same' ? 'the same command again' : again)

  return {
    finished: () => finished,
    /** What to say, and do, on Ctrl-C. */
    interrupted() {
      if (preparing) {
        process.stderr.write(`interrupted before the first step; nothing to save. To resume: ${howToGoOn()}\n`)
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
      // The training step may still be compiling, which cannot be stopped and which nobody waits for.
      if (preparing) process.exit(interruptedStatus())
    },
  }
}

const count = (x: number) => x.toLocaleString('en-US')
