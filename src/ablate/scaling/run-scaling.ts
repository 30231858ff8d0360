import { join } from '../../files/index.js'
import { ablate, mapped, type AblateOptions, type AblationEvent } from '../ablate.js'
import { openDemo, type Preparation } from '../data.js'
import { openFolder, refuseForeign } from '../folder.js'
import type { AblationReport } from '../report.js'
import { scalingReport, type ScalingReport } from './scaling-report.js'
import type { ScalingSpec } from './scaling-spec.js'
import { writeScalingReport } from './write-scaling-report.js'

export type ScalingEvent =
  | { readonly kind: 'preparing'; readonly what: Preparation }
  /** The trainings of all numbers of tokens, and their steps. */
  | { readonly kind: 'start'; readonly runs: number; readonly steps: number }
  /** An event of the ablation with this number of tokens; `before` steps were in those before it. */
  | { readonly kind: 'ablation'; readonly tokens: number; readonly before: number; readonly event: AblationEvent }
  | { readonly kind: 'report'; readonly report: ScalingReport; readonly path: string }
  | { readonly kind: 'end'; readonly interrupted: boolean; readonly report: ScalingReport | null }

/**
 * Trains each size on each number of tokens, one ablation in the folder `out` for each number, fits a scaling law and writes
 * a report; yields progress as events. Called again, it resumes where it stopped. Runs that do not determine a law give a
 * report that says why. Throws what `ablate` throws.
 */
export async function* runScaling(
  spec: ScalingSpec,
  { engine, out, signal }: AblateOptions,
): AsyncGenerator<ScalingEvent, ScalingReport | null> {
  await refuseForeign(out, ['tokenizer.json', 'data'])
  await openFolder(out, { format: 'neomesh scaling folder 1' })
  const { n_ctx, n_vocab } = spec.lengths[0].spec.variants[0].config
  // The ablations of all numbers of tokens share the demo's data.
  const data =
    spec.data === 'demo'
      ? yield* mapped(openDemo({ n_ctx, n_vocab }, out, signal), (what): ScalingEvent => ({ kind: 'preparing', what }))
      : spec.data
  const stepsOf = ({ spec: { variants, seeds } }: ScalingSpec['lengths'][number]) =>
    variants[0].config.train_steps * variants.length * seeds.length
  const steps = spec.lengths.reduce((sum, each) => sum + stepsOf(each), 0)
  const runs = spec.lengths.reduce((sum, each) => sum + each.spec.variants.length * each.spec.seeds.length, 0)
  yield { kind: 'start', runs, steps }
  const reports: AblationReport[] = []
  let before = 0
  for (const length of spec.lengths) {
    const { tokens, spec: own } = length
    const options = { engine, out: join(out, `tokens-${tokens}`), signal }
    const at = before
    const report = yield* mapped(ablate({ ...own, data }, options), (event): ScalingEvent => {
      return { kind: 'ablation', tokens, before: at, event }
    })
    if (report === null || signal?.aborted) {
      yield { kind: 'end', interrupted: true, report: null }
      return null
    }
    reports.push(report)
    before += stepsOf(length)
  }
  const report = scalingReport({ name: spec.name, source: spec.data, reports })
  yield { kind: 'report', report, path: await writeScalingReport(out, report) }
  yield { kind: 'end', interrupted: false, report }
  return report
}
