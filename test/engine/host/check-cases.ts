/** Random uses of an operation, and gradients of them, on XLA, on the host and on backends of TensorFlow.js. */
import type { PrimitiveName } from '../../../src/tensor/index.js'
import { CASES, describe, NAMES, type Case } from './cases.js'
import { BACKENDS, xla } from './compare.js'
import { assertClose, evaluateAll } from './evaluate.js'
import { Random, SEED } from './random.js'

/** Cases in one program of XLA. */
const TOGETHER = 50

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
