/** The tooltip of a token that is pointed at, tapped or focused: its probability and the most likely tokens. */
import type { SampledToken } from '../messages.js'

export interface Tips {
  /** Adds the next token; returns its index, for data-index of its element. */
  keep(token: SampledToken): number
  clear(): void
}

/** Shows a tooltip for elements of `text` that have data-index. */
export function showTips(text: HTMLElement, tip: HTMLElement): Tips {
  const tokens: SampledToken[] = []
  const show = ({ target }: Event) => {
    const index = target instanceof HTMLElement ? target.dataset.index : undefined
    if (index === undefined) return hide()
    tip.replaceChildren(...content(tokens[Number(index)]))
    tip.hidden = false
    moveTo(tip, (target as HTMLElement).getClientRects()[0] ?? (target as HTMLElement).getBoundingClientRect())
  }
  const hide = () => void (tip.hidden = true)
  for (const event of ['pointerover', 'click', 'focusin']) text.addEventListener(event, show)
  for (const event of ['pointerleave', 'focusout']) text.addEventListener(event, hide)
  addEventListener('scroll', hide, { passive: true })
  return {
    keep: (token) => tokens.push(token) - 1,
    clear() {
      tokens.length = 0
      hide()
    },
  }
}

function content({ id, probability, rank, mostLikely }: SampledToken): HTMLElement[] {
  const head = make('p', {
    textContent: `${percent(probability)}, ${rank === 0 ? 'the most likely' : `${rank} more likely`}`,
  })
  const rows = mostLikely.map((each) => {
    const row = make('tr', { className: each.id === id ? 'chosen' : '' })
    const bar = make('div', { className: 'bar' })
    bar.style.width = `${100 * each.probability}%`
    const last = make('td', { className: 'bars' })
    last.append(bar)
    row.append(
      make('td', { textContent: visible(each.text) }),
      make('td', { textContent: percent(each.probability) }),
      last,
    )
    return row
  })
  const table = make('table')
  table.append(...rows)
  return [head, table, make('small', { textContent: 'Probabilities before temperature and top-k' })]
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(tag), properties)
}

/** Spaces and line breaks as visible characters. */
function visible(text: string): string {
  return text.replace(/ /g, '␣').replace(/\n/g, '⏎') || '∅'
}

function percent(probability: number): string {
  const value = 100 * probability
  return value < 0.01 ? '<0.01%' : `${value.toFixed(value < 10 ? 2 : 1)}%`
}

/** Below the token, or above it if there is no room. */
function moveTo(tip: HTMLElement, { left, top, bottom }: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = tip
  const gap = 6
  const below = bottom + gap + height <= innerHeight || top < height + gap
  tip.style.left = `${Math.max(gap, Math.min(left, document.documentElement.clientWidth - width - gap))}px`
  tip.style.top = `${below ? bottom + gap : top - gap - height}px`
}
