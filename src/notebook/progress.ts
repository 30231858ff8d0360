import { liveDisplay, throttled } from './show.js'
import { escapeXml } from '../plot/index.js'
import { createPace } from '../text/pace.js'
import { duration } from '../text/format.js'

/** Interval between redraws of a bar, in ms. */
const REDRAW = 200

export interface ProgressBar {
  /** `details` is a short phrase, such as the loss. */
  update(done: number, details?: string): void
  /** Draws the last state; `result` replaces the details. */
  stop(result?: string): void
}

export interface ProgressBarOptions {
  /** What `update` counts up to. */
  readonly total: number
  /** The count to start from, for resumed work. @default 0 */
  readonly start?: number
  /** What is counted, as in `steps`. */
  readonly unit?: string
}

/** A progress bar with rate and time left, updated in place below the running cell. */
export function progressBar(title: string, { total, start = 0, unit = '' }: ProgressBarOptions): ProgressBar {
  const display = liveDisplay()
  const began = performance.now()
  const pace = createPace(start)
  let done = start
  let details = ''
  let ended = false
  const draw = throttled(REDRAW, () => {
    const seconds = (performance.now() - began) / 1000
    const rate = pace.rate()
    const left = pace.left(total)
    const numbers = [
      `${count(done)} of ${count(total)} ${unit}`.trim(),
      rate === null ? '' : `${rate >= 100 ? Math.round(rate).toLocaleString('en-US') : rate.toPrecision(3)}/s`,
      ended ? duration(seconds) : left === null ? '' : `${duration(left)} left`,
    ].filter((part) => part !== '')
    const text = [...numbers, details].filter((part) => part !== '').join(' · ')
    const bar = barHtml(title, done / Math.max(total, 1), text)
    display.update({ 'text/html': bar, 'text/plain': `${title}: ${text}` }, ended)
  })
  draw()
  return {
    update(now, what = details) {
      pace.note(now, performance.now())
      done = now
      details = what
      draw()
    },
    stop(result) {
      if (result !== undefined) details = result
      ended = true
      draw()
      draw.flush()
    },
  }
}

function barHtml(title: string, part: number, text: string): string {
  const percent = (100 * Math.min(1, Math.max(0, part))).toFixed(1)
  return (
    `<div style="font-family: system-ui, sans-serif; font-size: 13px"><b>${escapeXml(title)}</b> ${escapeXml(text)}` +
    '<div style="background-color: rgba(128,128,128,0.25); border-radius: 4px; height: 8px; max-width: 760px">' +
    `<div style="background-color: #0072b2; border-radius: 4px; height: 8px; width: ${percent}%"></div></div></div>`
  )
}

const count = (x: number) => x.toLocaleString('en-US')
