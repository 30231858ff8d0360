/** The tooltip of a token that is pointed at, tapped or focused: its probability and the most likely tokens. */
import type { SampledToken } from '../messages.js'

/** The contents of a tooltip of a token. */
export interface TokenDetails extends Pick<SampledToken, 'id' | 'probability' | 'mostLikely'> {
  /** Number of tokens with a higher probability; null if it is not known. */
  readonly rank: number | null
}

export interface Tips {
  /** Adds the next token; returns its index, for data-index of its element. */
  keep(token: TokenDetails): number
  clear(): void
}

/** Shows a tooltip for elements of `text` that have data-index. */
export function showTips(text: HTMLElement, tip: HTMLElement): Tips {
  const tokens: TokenDetails[] = []
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
  addEventListener('keydown', ({ key }) => key === 'Escape' && hide())
  moveByArrows(text)
  return {
    keep: (token) => tokens.push(token) - 1,
    clear() {
      tokens.length = 0
      hide()
    },
  }
}

/** The arrow keys, Home and End move the focus from token to token; Tab comes back to where it was. */
function moveByArrows(text: HTMLElement): void {
  text.addEventListener('focusin', ({ target }) => {
    for (const token of text.querySelectorAll<HTMLElement>('.token[tabindex="0"]')) token.tabIndex = -1
    ;(target as HTMLElement).tabIndex = 0
  })
  text.addEventListener('keydown', (event) => {
    const tokens = Array.from(text.querySelectorAll<HTMLElement>('.token:not(:empty)'))
    const at = tokens.indexOf(event.target as HTMLElement)
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1 }[event.key]
    if (at < 0 || next === undefined || tokens[next] === undefined) return
    event.preventDefault()
    tokens[next].focus()
  })
}

function content({ id, probability, rank, mostLikely }: TokenDetails): HTMLElement[] {
  const head = make('p', { textContent: `${percent(probability)}, ${rankText(rank)}` })
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

function rankText(rank: number | null): string {
  if (rank === null) return 'less likely than these'
  return rank === 0 ? 'the most likely' : `${rank} more likely`
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
