/** A token in the text of a sample. */

export interface ShownToken {
  readonly id: number
  readonly text: string
  readonly probability: number
}

/** A span whose colour is the token's surprisal; `index` is that of its tooltip. */
export function tokenSpan({ id, text, probability }: ShownToken, index: number): HTMLElement {
  const span = document.createElement('span')
  span.className = 'token'
  // Tab leads to one of them; the arrow keys lead on from there.
  span.tabIndex = index === 0 ? 0 : -1
  span.textContent = text
  span.dataset.id = String(id)
  span.dataset.index = String(index)
  // Surprisal in bits; the colour is saturated at ten.
  span.style.setProperty('--surprise', String(Math.min(1, -Math.log2(probability) / 10)))
  return span
}
