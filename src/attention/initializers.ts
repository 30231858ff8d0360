/** How a parameter starts. Standard deviations are those of the whole normal distribution that is drawn from. */
export type Initializer =
  | { readonly kind: 'normal'; readonly stddev: number }
  /** Drawn again while outside two standard deviations, which leaves 0.88 of it. */
  | { readonly kind: 'truncated-normal'; readonly stddev: number }
  | { readonly kind: 'constant'; readonly value: number }
  /** Between two numbers, through a function: the logarithm, or for a time step log x -> the x whose softplus it is. */
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number; readonly through?: 'log' | 'step' }

export const normal = (stddev: number): Initializer => ({ kind: 'normal', stddev })
export const truncatedNormal = (stddev: number): Initializer => ({ kind: 'truncated-normal', stddev })
export const constantly = (value: number): Initializer => ({ kind: 'constant', value })
export const zeros: Initializer = { kind: 'constant', value: 0 }
export const ones: Initializer = { kind: 'constant', value: 1 }
export const uniform = (low: number, high: number): Initializer => ({ kind: 'uniform', low, high })
/** log(x) of x uniform between two numbers. */
export const logOfUniform = (low: number, high: number): Initializer => ({ kind: 'uniform', low, high, through: 'log' })
/** x whose softplus is between two numbers, its logarithm uniform: the bias of a time step. Source: mamba, Mamba2. */
export const timeStep = (low: number, high: number): Initializer => ({
  kind: 'uniform',
  low: Math.log(low),
  high: Math.log(high),
  through: 'step',
})
