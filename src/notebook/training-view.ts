import { join } from '../files/index.js'
import { readMetrics, type TrainEvent } from '../train/index.js'
import { chartBundle, type ChartSeries } from './chart.js'
import { progressBar, type ProgressBar } from './progress.js'
import { escapeXml, thin } from '../plot/index.js'
import { bytes } from '../text/index.js'
import { liveDisplay, throttled } from './show.js'

/** Interval between redraws of the curve, in ms. */
const REDRAW = 500
/** Limit on the steps that the smooth curve averages over; fewer at the beginning. */
const SMOOTH = 25

/** Limit on the points of a curve, so that a long run does not fill the notebook; the drawing looks the same. */
const POINTS = 2000

export interface TrainingView {
  /** Shows an event of `train`. */
  add(event: TrainEvent): void
}

/**
 * Shows the training of a run below the running cell: a progress bar with rate and time left, and a live curve of the
 * loss. The curve of a resumed run includes its earlier steps, and marks where settings changed.
 */
export async function trainingView(run: string): Promise<TrainingView> {
  let bar: ProgressBar | null = null
  let total = 1
  let ended = false
  const steps: number[] = []
  const losses: number[] = []
  const smooth: number[] = []
  const evaluations = new Map<number, number>()
  /** Losses at the steps after which settings changed. */
  const changes = new Map<number, number>()
  const addLoss = (step: number, loss: number) => {
    steps.push(step)
    losses.push(loss)
    const recent = losses.slice(-Math.min(SMOOTH, Math.ceil(losses.length / 2)))
    smooth.push(recent.reduce((sum, x) => sum + x, 0) / recent.length)
  }
  const earlier = await readMetrics(join(run, 'metrics.jsonl'))
  const status = liveDisplay()
  const showStatus = (text: string) =>
    status.update({ 'text/html': `<div>${escapeXml(text)}</div>`, 'text/plain': text })
  showStatus('Preparing the training step; compiling it takes some seconds ...')

  const display = liveDisplay()
  const draw = throttled(REDRAW, () => {
    const series: ChartSeries[] = [
      { name: 'training', ...curve(steps, losses), faint: true },
      { name: 'training, mean', ...curve(steps, smooth) },
      { name: 'validation', kind: 'marks', ...curve([...evaluations.keys()], [...evaluations.values()]) },
      { name: 'settings changed', kind: 'points', ...curve([...changes.keys()], [...changes.values()]) },
    ]
    const x = { label: 'step', range: [0, total] as const }
    const shown = series.filter((each) => each.x.length > 0)
    display.update(chartBundle({ title: 'Loss', x, y: { label: 'loss (nats per token)' }, series: shown }), ended)
  })

  return {
    add(event) {
      if (event.kind === 'start') {
        total = event.steps
        showStatus(describeStart(event))
        for (const { step, loss, validation_loss, changed } of earlier) {
          if (step > event.step) break
          if (loss !== undefined) addLoss(step, loss)
          if (changed !== undefined && losses.length > 0) changes.set(step, losses.at(-1)!)
          if (validation_loss !== undefined) evaluations.set(step, validation_loss)
        }
        if ((event.changes ?? []).length > 0 && losses.length > 0) changes.set(event.step, losses.at(-1)!)
        bar = progressBar('Training', { total, start: event.step, unit: 'steps' })
        draw()
      } else if (event.kind === 'step') {
        const { step, loss, tokensPerSecond } = event
        addLoss(step, loss)
        bar?.update(step, `loss ${loss.toFixed(3)} · ${Math.round(tokensPerSecond).toLocaleString('en-US')} tokens/s`)
        draw()
      } else if (event.kind === 'evaluating') {
        bar?.update(
          steps.at(-1) ?? 0,
          `${event.what === 'tasks' ? 'task text' : 'validation batch'} ${event.done} of ${event.of}`,
        )
      } else if (event.kind === 'evaluation') {
        evaluations.set(event.step, event.loss)
        draw()
      } else if (event.kind === 'end') {
        const last = losses.at(-1)
        const loss = last === undefined ? '' : `loss ${last.toFixed(3)}`
        bar?.stop(event.interrupted ? `${loss} · stopped and saved; run the cell again to resume` : loss)
        ended = true
        draw()
        draw.flush()
      }
    },
  }
}

function curve(x: readonly number[], y: readonly number[]) {
  const kept = thin(y, POINTS)
  return { x: kept.map((i) => x[i]), y: kept.map((i) => y[i]) }
}

function describeStart({ parameters, program, step }: Extract<TrainEvent, { kind: 'start' }>): string {
  const { memory, compileSeconds, fromCache } = program
  const ready = `${fromCache ? 'loaded from the cache' : 'compiled'} in ${compileSeconds.toFixed(1)} s`
  const needs = memory ? `, needs ${bytes(memory.arguments + memory.temporaries)}` : ''
  const resumed = step > 0 ? `; resuming after step ${step}` : ''
  return `${parameters.toLocaleString('en-US')} parameters; the training step was ${ready}${needs}${resumed}`
}
