/** How a parameter starts. Standard deviations are those of the whole normal distribution that is drawn from. */
export type Initializer =
  | { readonly kind: 'normal'; readonly stddev: number }
  /** Drawn again while outside two standard deviations, which leaves 0.88 of it. */
  | { readonly kind: 'truncated-normal'; readonly stddev: number }
  | { readonly kind: 'constant'; readonly value: number }

export const normal = (stddev: number): Initializer => ({ kind: 'normal', stddev })
export const truncatedNormal = (stddev: number): Initializer => ({ kind: 'truncated-normal', stddev })
export const constantly = (value: number): Initializer => ({ kind: 'constant', value })
export const zeros: Initializer = { kind: 'constant', value: 0 }
export const ones: Initializer = { kind: 'constant', value: 1 }
