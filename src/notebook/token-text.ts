import type { Tokenizer } from '../tokenizer/index.js'
import { escapeXml } from '../plot/index.js'
import type { MimeBundle } from './kernel.js'
import { DISPLAY, liveDisplay, throttled, type Displayable } from './show.js'

/** Pale enough for dark text; any two are distinguishable. */
const TINTS = ['#cfe3f5', '#fbdccb', '#cdebdd', '#f3deeb', '#fbe9c4', '#d8effb']

/** Interval between redraws of a growing text, in ms. */
const REDRAW = 100

export interface TokenTextOptions {
  readonly title?: string
  /** One number per token, shown as a colour from white (0) to red (the largest). */
  readonly values?: readonly number[]
  /** Name and unit of the values, as in `surprise in nats`. */
  readonly unit?: string
}

/** Text with its tokens in colours; hovering shows the id of each, and its value. */
export function tokenText(
  tokenizer: Tokenizer,
  given: string | ArrayLike<number>,
  options: TokenTextOptions = {},
): Displayable {
  const ids = typeof given === 'string' ? [...tokenizer.encode(given)] : Array.from(given)
  return { [DISPLAY]: () => bundleOfTokens(tokenizer, ids, options) }
}

export interface LiveTokenText {
  add(id: number): void
  /** Draws the final text. */
  end(): void
}

/** A text that grows token by token below the running cell, after its prompt in bold. */
export function liveTokenText(tokenizer: Tokenizer, prompt: ArrayLike<number>, title?: string): LiveTokenText {
  const display = liveDisplay()
  const ids = Array.from(prompt)
  let ended = false
  const draw = throttled(REDRAW, () => display.update(bundleOfTokens(tokenizer, ids, { title }, prompt.length), ended))
  draw()
  return {
    add(id) {
      ids.push(id)
      draw()
    },
    end() {
      ended = true
      draw()
      draw.flush()
    },
  }
}

function bundleOfTokens(tokenizer: Tokenizer, ids: readonly number[], options: TokenTextOptions, bold = 0): MimeBundle {
  const { title = '', values, unit = '' } = options
  const most = Math.max(1e-9, ...(values ?? []))
  const pieces = piecesOf(tokenizer, ids)
  const spans = pieces.map((text, i) => {
    const value = values?.[i]
    const colour = values === undefined ? TINTS[ids[i] % TINTS.length] : shade((value ?? 0) / most)
    const tooltip = value === undefined ? `${ids[i]}` : `${ids[i]}: ${value.toFixed(3)} ${unit}`
    const weight = i < bold ? '; font-weight: bold' : ''
    const shown = escapeXml(text).replaceAll('\n', '⏎\n')
    return `<span title="${escapeXml(tooltip)}" style="background-color: ${colour}; color: #111${weight}">${shown}</span>`
  })
  const head = title === '' ? '' : `<b>${escapeXml(title)}</b> `
  const count = `<i>${ids.length.toLocaleString('en-US')} tokens</i>`
  return {
    'text/html': `<div>${head}${count}<pre style="white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; line-height: 1.7">${spans.join('')}</pre></div>`,
    'text/plain': tokenizer.decode(ids),
  }
}

/** The text of each token. A character split over several tokens belongs to the last of them. */
function piecesOf(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  const decoder = tokenizer.decodeStream()
  const pieces = ids.map((id) => decoder.push(id))
  if (pieces.length > 0) pieces[pieces.length - 1] += decoder.finish()
  return pieces
}

function shade(part: number): string {
  const other = Math.round(255 - 170 * Math.min(1, Math.max(0, part)))
  return `rgb(255, ${other}, ${other})`
}
