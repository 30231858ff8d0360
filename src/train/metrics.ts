import { appendFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { withFileErrorsSync, writeFileAtomic } from '../files/index.js'

/** A line of metrics.jsonl: of a step, or of an evaluation after it. */
export interface Metrics {
  /** Steps done. */
  readonly step: number
  /** Mean loss of the step's tokens, nats, with the z-loss. */
  readonly loss?: number
  readonly learning_rate?: number
  readonly gradient_norm?: number
  /** Tokens trained on so far. */
  readonly tokens?: number
  readonly tokens_per_second?: number
  /** Mean cross entropy of the validation tokens, nats. */
  readonly validation_loss?: number
  readonly perplexity?: number
  readonly bits_per_byte?: number
}

/** Metrics of a run as JSON lines, each written when it is known. */
export class MetricsLog {
  private constructor(private readonly path: string) {}

  /** Opens the log of a run that goes on after `step`: later lines, of steps whose checkpoint was lost, are removed. */
  static async open(path: string, step: number): Promise<MetricsLog> {
    const kept = (await readMetrics(path)).filter((line) => line.step <= step)
    await writeFileAtomic(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return new MetricsLog(path)
  }

  /** Throws FileError, for example when the disk is full. */
  write(metrics: Metrics): void {
    withFileErrorsSync('write', this.path, () => appendFileSync(this.path, `${JSON.stringify(metrics)}\n`))
  }
}

/** The metrics of a run; none if there is no file. A last line that was cut off is left out. */
export async function readMetrics(path: string): Promise<Metrics[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return ''
    throw cause
  })
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Metrics]
    } catch {
      return []
    }
  })
}
