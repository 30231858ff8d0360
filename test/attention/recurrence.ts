/** The recurrences of recurrent kinds as loops over plain numbers, and their gradients. */
import { numbers } from '../tensor/check.js'

export interface Sizes {
  readonly batch: number
  readonly heads: number
  readonly length: number
  readonly keys: number
  readonly values: number
}

/** Inputs of one recurrence by name, as flat arrays [batch, heads, length, ...]. */
export type Inputs = { readonly [name: string]: Float64Array }

/**
 * S' = diag(e^decay) S; S = S' + write (x) (read S') + k (x) v; o = q S, position after position, from `state`. `documents`
 * [batch, length] empties the state where the number changes.
 */
export function naiveRecurrence(
  inputs: Inputs,
  { batch, heads, length, keys, values }: Sizes,
  documents?: readonly number[],
): { output: Float64Array; state: Float64Array } {
  const { q, k, v, decay, read, write = k } = inputs
  const output = new Float64Array(batch * heads * length * values)
  const states = Float64Array.from(inputs.state ?? new Float64Array(batch * heads * keys * values))
  const byKey = decay?.length === k.length
  for (let row = 0; row < batch * heads; row++) {
    const S = states.subarray(row * keys * values, (row + 1) * keys * values)
    for (let t = 0; t < length; t++) {
      const at = row * length + t
      const [ks, vs] = [at * keys, at * values]
      const number = Math.floor(row / heads) * length + t
      if (documents && t > 0 && documents[number] !== documents[number - 1]) S.fill(0)
      for (let i = 0; decay && i < keys * values; i++) S[i] *= Math.exp(decay[byKey ? ks + Math.floor(i / values) : at])
      const seen = new Float64Array(values)
      for (let i = 0; read && i < keys * values; i++) seen[i % values] += read[ks + Math.floor(i / values)] * S[i]
      for (let i = 0; i < keys * values; i++) {
        const key = ks + Math.floor(i / values)
        S[i] += k[key] * v[vs + (i % values)] + write[key] * seen[i % values]
      }
      for (let i = 0; i < keys * values; i++) output[vs + (i % values)] += q[ks + Math.floor(i / values)] * S[i]
    }
  }
  return { output, state: states }
}

/** The gradients of every input for those of output and last state, by the same loop in reverse. */
export function naiveGradients(
  inputs: Inputs,
  { batch, heads, length, keys, values }: Sizes,
  dOutput: Float64Array,
  dState: Float64Array,
): Inputs {
  const { q, k, v, decay, read, write = k } = inputs
  const grads: Record<string, Float64Array> = Object.fromEntries(
    Object.entries(inputs).map(([name, x]) => [name, new Float64Array(x.length)]),
  )
  const dWrite = grads.write ?? grads.k
  const byKey = decay?.length === k.length
  const size = keys * values
  for (let row = 0; row < batch * heads; row++) {
    const one = { batch: 1, heads: 1, length: 1, keys, values }
    const dS = dState.slice(row * size, (row + 1) * size)
    // The state before each position.
    const before: Float64Array[] = [inputs.state.slice(row * size, (row + 1) * size)]
    const part = (x: Float64Array | undefined, at: number, width: number) => x?.subarray(at * width, (at + 1) * width)
    const of = (t: number): Inputs => {
      const at = row * length + t
      const all = { q: part(q, at, keys), k: part(k, at, keys), v: part(v, at, values), read: part(read, at, keys) }
      const more = { write: part(write, at, keys), decay: part(decay, at, byKey ? keys : 1) }
      return Object.fromEntries(Object.entries({ ...all, ...more }).filter(([, x]) => x)) as Inputs
    }
    for (let t = 0; t < length; t++) before.push(naiveRecurrence({ ...of(t), state: before[t] }, one).state)
    for (let t = length - 1; t >= 0; t--) {
      const at = row * length + t
      const x = of(t)
      const faded = before[t].map((s, i) => s * (decay ? Math.exp(x.decay[byKey ? Math.floor(i / values) : 0]) : 1))
      const [seen, dSeen] = [new Float64Array(values), new Float64Array(values)]
      for (let i = 0; i < size; i++) {
        const [key, value] = [Math.floor(i / values), i % values]
        grads.q[at * keys + key] += before[t + 1][i] * dOutput[at * values + value]
        dS[i] += x.q[key] * dOutput[at * values + value]
        grads.k[at * keys + key] += dS[i] * x.v[value]
        grads.v[at * values + value] += dS[i] * x.k[key]
        if (!read) continue
        seen[value] += x.read[key] * faded[i]
        dSeen[value] += dS[i] * x.write[key]
      }
      for (let i = 0; i < size; i++) {
        const [key, value] = [Math.floor(i / values), i % values]
        if (read) {
          dWrite[at * keys + key] += dS[i] * seen[value]
          grads.read[at * keys + key] += faded[i] * dSeen[value]
          dS[i] += x.read[key] * dSeen[value]
        }
        if (!decay) continue
        grads.decay[byKey ? at * keys + key : at] += dS[i] * faded[i]
        dS[i] *= Math.exp(x.decay[byKey ? key : 0])
      }
    }
    grads.state.set(dS, row * size)
  }
  return grads
}

/** Numbers of normal size, repeatable. */
export function drawn(count: number, seed: number, low = -1, high = 1): Float64Array {
  const next = numbers(seed)
  return Float64Array.from({ length: count }, () => Math.fround(low + (high - low) * next()))
}

/** Largest difference over the largest element. */
export function relativeError(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let [most, scale] = [0, 0]
  for (let i = 0; i < wanted.length; i++) {
    if (!(Math.abs(got[i] - wanted[i]) <= most)) most = Math.abs(got[i] - wanted[i])
    scale = Math.max(scale, Math.abs(wanted[i]))
  }
  return got.length === wanted.length ? most / scale : NaN
}
