/** One draw of the original's initial variables: names, shapes, mean, spread. */
import { parseModelConfig } from '../../../src/config/index.js'
import { modelShape, parametersOf } from '../../../src/model/index.js'
import { initialise } from '../../../src/model/initialise.js'
import { variablesOf, type Variable } from '../../../src/train/parameters.js'
import type { DeviceArray } from '../../../src/engine/index.js'
import type { CaseFile, Workshop } from '../case-file.js'
import { Worst, type Verdict } from '../verdict.js'

interface Initial {
  readonly case: string
  readonly config: Record<string, unknown>
  readonly variables: readonly {
    name: string
    dims: [string, number][]
    mean: number
    std: number
    max_abs_over_std: number | null
  }[]
}

export async function* initializers({ name, json }: CaseFile, { engine }: Workshop): AsyncGenerator<Verdict> {
  for (const { case: title, config: keys, variables } of json.cases as Initial[]) {
    const { config } = parseModelConfig({ ...keys })
    const specs = parametersOf(modelShape(config, { batch: 1 }), 'scan')
    const arrays = await initialise(await engine(), specs, 3)
    const found = new Map<string, Variable>()
    for (const spec of specs) {
      const array = arrays[spec.name] as DeviceArray
      for (const variable of variablesOf(spec, null, await array.read())) found.set(variable.name, variable)
      array.dispose()
    }
    const worst = new Worst()
    worst.exact('names', 'the list of variables', found.size === variables.length)
    for (const { name: variable, dims, mean, std, max_abs_over_std: reach } of variables) {
      const ours = found.get(variable)
      const shape = dims.map(([, size]) => size).join()
      worst.exact('shapes', variable, ours?.shape.join() === shape)
      if (!ours) continue
      const { data } = ours
      const middle = data.reduce((sum, x) => sum + x, 0) / data.length
      const spread = Math.sqrt(data.reduce((sum, x) => sum + (x - middle) ** 2, 0) / data.length)
      // Both are single draws, with standard errors std / sqrt(n) and std / sqrt(2 n), of which these are multiples.
      const error = (Math.SQRT2 * std) / Math.sqrt(data.length) + 2e-8
      worst.note('mean', variable, Math.abs(middle - mean) / error, 5)
      worst.note('spread', variable, Math.abs(spread - std) / error, 5)
      // A truncated normal is cut at 2.27 of its own deviations; large samples of a whole one reach farther.
      if (reach !== null && reach <= 2.5)
        worst.note('reach', variable, data.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / std, 2.3)
    }
    yield { name: `${name}: ${title}`, measures: worst.measures }
  }
}
