/** What the commands of ablations show on stderr, and how they follow the events of one. */
import type { ModelConfig } from '../config/index.js'
import type { Engine } from '../engine/index.js'
import type { Preparation } from '../ablate/index.js'
import { fixed, grouped } from '../text/index.js'
import { openEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { onMesh } from './mesh.js'
import { createProgress, whileWaiting, type Progress } from './progress.js'

/** Lines, and a bar below them. */
export interface Display {
  /** What is waited for while there is no bar. */
  doing: string
  say(line: string): void
  /** The bar, if there is one. */
  bar(): Progress | null
  /** The bar of this title, which another one ends. */
  barOf(title: string, total: number, start: number): Progress
  stop(): void
  /** The end of a command that was interrupted. */
  stopped(): void
}

export function createDisplay(): Display {
  let bar: { readonly title: string; readonly progress: Progress } | null = null
  const stop = () => {
    bar?.progress.stop()
    bar = null
  }
  return {
    doing: 'reading finished runs',
    say: (line) => (bar ? bar.progress.log(line) : void process.stderr.write(`${line}\n`)),
    bar: () => bar?.progress ?? null,
    barOf(title, total, start) {
      if (bar?.title !== title) {
        stop()
        bar = { title, progress: createProgress({ title, total, start, format }) }
      }
      return bar!.progress
    },
    stop,
    stopped() {
      process.stderr.write('stopped. To resume: run the same command again\n')
      process.exitCode = interruptedStatus()
    },
  }
}

const format = (x: number) => (Number.isInteger(x) ? grouped(x) : fixed(x, 2))

/** What is said of an interrupt, by what a second one would lose. */
export const interruptedLine = (steps: string) =>
  `interrupted: finishing ${steps} and saving (Ctrl-C again stops at once, without saving)`

export function sayPreparing(display: Display, what: Preparation): void {
  display.doing = what === 'tokenizer' ? 'training a tokenizer' : 'preparing data'
  display.say(display.doing)
}

/** An ablation that trains in this process, on an engine that the options name. */
export interface Followed<E> {
  readonly options: EngineOptions
  /** The mesh is this config's. */
  readonly config: ModelConfig
  readonly events: (engine: Engine, signal: AbortSignal) => AsyncGenerator<E>
  readonly show: (display: Display, engine: string) => (event: E) => void
}

/** Shows the events until the end, or until Ctrl-C, at which the work stops at a safe point. */
export async function follow<E>({ options, config, events, show }: Followed<E>): Promise<void> {
  const devices = await openEngine(options)
  const display = createDisplay()
  const { signal, done } = interruptible(() => display.say(interruptedLine('this step')))
  try {
    const shown = show(display, devices.description)
    const all = events(onMesh(devices, config, {}), signal)
    const next = () => (display.bar() ? all.next() : whileWaiting(display.doing, all.next()))
    for (let each = await next(); !each.done; each = await next()) shown(each.value)
    // A program may still be compiling, which cannot be cancelled: exit without waiting for it.
    if (process.exitCode === interruptedStatus()) process.exit()
  } finally {
    display.stop()
    done()
    await devices.close()
  }
}
