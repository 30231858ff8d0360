import { costsOf } from '../../plan/index.js'
import { finalLosses, type AblationReport } from '../report.js'
import { FitError } from './fit-law.js'
import { fitScaling, type ScalingFit } from './fit-scaling.js'
import type { ScalingPoint } from './law.js'
import { nonEmbedding, tokensOf } from './scaling-spec.js'

/** A training of a scaling law's report. */
export interface ScalingRun extends ScalingPoint {
  readonly variant: string
  readonly seed: number
  /** Nats per token after the last step. */
  readonly loss: number
  /** CPU time of the steps. */
  readonly cpuSeconds: number
}

/** The results of a scaling law's ablations, as in report.json. The other forms of the report are made from it alone. */
export interface ScalingReport {
  readonly format: 'neomesh scaling 1'
  readonly name: string
  /** Time of writing, ISO 8601. */
  readonly written: string
  readonly machine: AblationReport['machine']
  readonly data: AblationReport['data']
  readonly validationTokens: number
  readonly sizes: readonly {
    readonly variant: string
    readonly keys: Readonly<Record<string, unknown>>
    /** N: without embeddings. */
    readonly parameters: number
    readonly allParameters: number
  }[]
  /** Trainings that did not diverge. */
  readonly runs: readonly ScalingRun[]
  readonly diverged: number
  readonly fit: ScalingFit | null
  /** Why there is no fit. */
  readonly problem: string | null
}

export interface ScalingParts {
  readonly name: string
  /** Where the data is from. */
  readonly source: string
  /** Of the numbers of tokens. */
  readonly reports: readonly AblationReport[]
}

export function scalingReport({ name, source, reports }: ScalingParts): ScalingReport {
  const [{ machine, data, validationTokens, variants }] = reports
  const runs = reports.flatMap((report) =>
    report.variants.flatMap(({ name: variant, config, runs }): ScalingRun[] => {
      const losses = finalLosses({ runs })
      return runs.flatMap(({ seed, cpuSeconds }) => {
        const loss = losses.get(seed)
        if (loss === undefined) return []
        return [{ variant, parameters: nonEmbedding(config), tokens: tokensOf(config), seed, loss, cpuSeconds }]
      })
    }),
  )
  const all = reports.reduce((sum, each) => sum + each.variants.reduce((n, { runs }) => n + runs.length, 0), 0)
  return {
    format: 'neomesh scaling 1',
    name,
    written: new Date().toISOString(),
    machine,
    data: { ...data, source },
    validationTokens,
    sizes: variants.map(({ name: variant, keys, config }) => ({
      variant,
      keys,
      parameters: nonEmbedding(config),
      allParameters: costsOf(config).parameters,
    })),
    runs,
    diverged: all - runs.length,
    ...fitOfRuns(runs),
  }
}

/** The fit of a report, from its runs: the same whether made at once or from report.json. */
export function fitOfRuns(runs: readonly ScalingPoint[]): Pick<ScalingReport, 'fit' | 'problem'> {
  try {
    return { fit: fitScaling(runs), problem: null }
  } catch (error) {
    if (!(error instanceof FitError)) throw error
    return { fit: null, problem: error.message }
  }
}
