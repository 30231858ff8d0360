import { readJsonLines, startJsonLines, type JsonLines } from '../files/index.js'

/** A line of times.jsonl: what steps have taken so far, without compiling, evaluating and saving. */
export interface StepTime {
  /** Steps done. */
  readonly step: number
  /** By the clock. */
  readonly seconds: number
  /** Of this process, on all cores. */
  readonly cpuSeconds: number
}

/** Times of a run as JSON lines, which go on where an interrupted run goes on. */
export class StepTimes {
  private last = { clock: 0, cpu: 0 }

  private constructor(
    private readonly file: JsonLines,
    /** One for each step, in order. */
    readonly lines: StepTime[],
  ) {
    this.pass()
  }

  /** Opens the file of a run that goes on after `step`; lines of later steps, which were lost, go. Throws FileError. */
  static async open(path: string, step: number): Promise<StepTimes> {
    const kept = ((await readJsonLines(path)) as StepTime[]).filter((line) => line.step <= step)
    return new StepTimes(await startJsonLines(path, kept), kept)
  }

  /** Says that what came since the last call was no step. */
  pass(): void {
    this.last = now()
  }

  /** Says that a step has ended, which began at the last call. Throws FileError. */
  ended(step: number): void {
    const { clock, cpu } = now()
    const before = this.lines.at(-1) ?? { seconds: 0, cpuSeconds: 0 }
    const line = {
      step,
      seconds: rounded(before.seconds + clock - this.last.clock),
      cpuSeconds: rounded(before.cpuSeconds + cpu - this.last.cpu),
    }
    this.last = { clock, cpu }
    this.file.append(line)
    this.lines.push(line)
  }

  /** Waits until all lines are kept. Throws FileError. */
  flush(): Promise<void> {
    return this.file.flush()
  }
}

/** Seconds since some time. */
function now(): { clock: number; cpu: number } {
  const { user, system } = process.cpuUsage()
  return { clock: performance.now() / 1000, cpu: (user + system) / 1e6 }
}

const rounded = (seconds: number) => Math.round(seconds * 1e6) / 1e6
