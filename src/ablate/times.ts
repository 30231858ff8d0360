import { runtime } from '../runtime/index.js'
import { readJsonLines, startJsonLines, type JsonLines } from '../files/index.js'

/** A line of times.jsonl: the time of the steps so far, without compiling, evaluating and saving. */
export interface StepTime {
  /** Steps done. */
  readonly step: number
  /** Wall time. */
  readonly seconds: number
  /** CPU time of this process, on all cores. */
  readonly cpuSeconds: number
}

/** Step times of a run as JSON lines; a resumed run continues them. */
export class StepTimes {
  private last = { clock: 0, cpu: 0 }

  private constructor(
    private readonly file: JsonLines,
    /** One for each step, in order. */
    readonly lines: StepTime[],
  ) {
    this.skip()
  }

  /** Opens the file of a run resumed after `step`, and drops lines of later steps, which were lost. Throws FileError. */
  static async open(path: string, step: number): Promise<StepTimes> {
    const kept = ((await readJsonLines(path)) as StepTime[]).filter((line) => line.step <= step)
    return new StepTimes(await startJsonLines(path, kept), kept)
  }

  /** Excludes the time since the last call. */
  skip(): void {
    this.last = now()
  }

  /** Records the end of a step that began at the last call. Throws FileError. */
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

  /** Waits until all lines are written. Throws FileError. */
  flush(): Promise<void> {
    return this.file.flush()
  }
}

/** Seconds since an arbitrary origin. */
function now(): { clock: number; cpu: number } {
  const cpu = runtime.cpuSeconds()
  return { clock: performance.now() / 1000, cpu: cpu }
}

const rounded = (seconds: number) => Math.round(seconds * 1e6) / 1e6
