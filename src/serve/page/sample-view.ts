/** The text of a sample, a span for each token, as it comes. */
import { tokenSpan } from '../../web/page/token-span.js'
import { showTips } from '../../web/page/tip.js'
import type { Logprobs } from './api.js'

export interface SampleView {
  /** Begins a new sample. */
  start(prompt: string): void
  /** Adds text, and tokens whose text begins in what is known so far. */
  add(text: string, logprobs: Logprobs | null): void
  readonly count: number
}

export function sampleView(element: HTMLElement, tip: HTMLElement): SampleView {
  const tips = showTips(element, tip)
  /** Characters of the sample, as offsets count them. */
  let characters: string[] = []
  let spans: { readonly span: HTMLElement; readonly offset: number }[] = []
  return {
    start(prompt) {
      tips.clear()
      characters = []
      spans = []
      element.replaceChildren(
        Object.assign(document.createElement('span'), { className: 'prompt', textContent: prompt }),
      )
    },
    add(text, logprobs) {
      characters.push(...text)
      // The last token's text may continue.
      const first = Math.max(0, spans.length - 1)
      for (const [i, name] of (logprobs?.tokens ?? []).entries()) {
        const details = detailsOf(name, logprobs!.token_logprobs[i], logprobs!.top_logprobs[i])
        const span = tokenSpan({ ...details, text: '' }, tips.keep(details))
        spans.push({ span, offset: logprobs!.text_offset[i] })
        element.append(span)
      }
      for (let i = first; i < spans.length; i++)
        spans[i].span.textContent = characters.slice(spans[i].offset, spans[i + 1]?.offset).join('')
    },
    get count() {
      return spans.length
    },
  }
}

/** A token for its tooltip; tokens are numbered by their place among the alternatives. */
function detailsOf(name: string, logprob: number, top: Readonly<Record<string, number>>) {
  const best = Object.entries(top).sort(([, a], [, b]) => b - a)
  const id = best.findIndex(([other]) => other === name)
  const more = best.filter(([, other]) => other > logprob).length
  const mostLikely = best.map(([text, value], i) => ({ id: i, probability: Math.exp(value), text: shown(text) }))
  // One more alternative than asked for is the token itself, which others may precede.
  return { id, probability: Math.exp(logprob), rank: best.length > ALTERNATIVES ? null : more, mostLikely }
}

/** Number of most likely tokens that the page asks for. */
export const ALTERNATIVES = 8

function shown(name: string): string {
  return name.replace(/^bytes:/, '')
}
