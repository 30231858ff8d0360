/** Random uses of an operation, and gradients of them, on XLA, on the host and on backends of TensorFlow.js. */
import { gradients, isFloat, literal, showDims, sizeOf, type PrimitiveName } from '../../../src/tensor/index.js'
import { CASES, type Case } from './cases.js'
import { assertClose, BACKENDS, evaluateAll, xla } from './compare.js'
import { Random, SEED } from './random.js'

/** Cases in one program of XLA. */
const TOGETHER = 50

export const NAMES = Object.keys(CASES) as PrimitiveName[]

/** Compares `count` random uses of a primitive; `change` makes of each what is to be compared. */
export async function checkUses(
  name: PrimitiveName,
  count: number,
  { change = (x: Case, _: Random) => x, backends = BACKENDS, oracle = xla } = {},
): Promise<void> {
  const random = new Random(SEED * 1000 + NAMES.indexOf(name))
  for (let done = 0; done < count; done += TOGETHER) {
    const cases = Array.from({ length: Math.min(TOGETHER, count - done) }, () => change(CASES[name](random), random))
    const wanted = await evaluateAll(await oracle(), cases)
    for (const [backend, open] of Object.entries(backends)) {
      const found = await evaluateAll(await open(), cases)
      cases.forEach((each, i) =>
        found[i].forEach((y, j) =>
          assertClose(y, wanted[i][j], `SEED=${SEED}: ${describe(each)}, result ${j} on ${backend}`, each.halves),
        ),
      )
    }
  }
}

/** The gradient of a random weighted sum of a case's results, for each of its float inputs. */
export function gradientOf({ inputs, run, attributes, halves = 1 }: Case, random: Random): Case {
  const weights = new Random(random.whole(0, 1e9))
  const next = Array.from({ length: 997 }, () => weights.number('f32', { low: -1, high: 1 }))
  return {
    inputs,
    attributes,
    halves: 4 * halves, // several operations, each of which rounds
    run: (xs) => {
      const outputs = run(xs)
      const grads = outputs.map(({ dims, dtype }) => {
        // Whole ones for halves, whose sums XLA rounds at every step.
        const weight = (x: number) => (dtype === 'f32' ? x : Math.round(x))
        const values = Array.from({ length: sizeOf(dims) }, (_, i) => weight(next[i % next.length]))
        return isFloat(dtype) ? literal(dims, values, dtype) : null
      })
      const floats = xs.filter(({ dtype }) => isFloat(dtype))
      return gradients(outputs, grads, floats).filter((grad) => grad !== null)
    },
  }
}

function describe({ inputs, attributes }: Case): string {
  return `${inputs.map(({ dtype, dims }) => `${dtype} ${showDims(dims)}`).join(', ')} ${JSON.stringify(attributes) ?? ''}`
}
