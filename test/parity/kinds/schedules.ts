/** Learning rates at chosen steps. */
import { dim, literal, scan, type Tensor, type Value } from '../../../src/tensor/index.js'
import { DeviceArray, jit } from '../../../src/engine/index.js'
import { learningRate } from '../../../src/train/schedule.js'
import { configOf } from '../../model/support.js'
import type { CaseFile, Workshop } from '../case-file.js'
import { relativeScalar, Worst, type Verdict } from '../verdict.js'

interface Schedule {
  readonly lr_decay: string | null
  readonly steps: readonly number[]
  readonly learning_rate: readonly number[]
}

export async function* schedules({ name, json }: CaseFile, { engine }: Workshop): AsyncGenerator<Verdict> {
  for (const { lr_decay, steps, learning_rate: wanted, ...keys } of json.schedules as Schedule[]) {
    const config = configOf({ ...keys, compat: 'gpt-neo', ...(lr_decay !== null && { lr_decay }) })
    const along = dim('steps', steps.length)
    const program = jit(await engine(), () => {
      const at = literal([along], steps, 'i32') as Tensor
      const rate = (none: Tensor[], step: Tensor) =>
        [none, learningRate(step as unknown as Tensor<never>, config) as Value] as const
      return scan(along, [] as Tensor[], at, rate)[1] as Tensor
    })
    const rates = await ((await (program as any)()) as DeviceArray).readFloats()
    program.dispose()
    const worst = new Worst()
    for (const [i, rate] of rates.entries())
      worst.note('rate', `step ${steps[i]}`, relativeScalar(rate, wanted[i]), 1e-6)
    const { warmup_steps, lr_decay_end } = config
    const end = lr_decay_end === undefined ? '' : ` to ${lr_decay_end}`
    yield { name: `${name}: ${lr_decay}${end}, warm-up ${warmup_steps}`, measures: worst.measures }
  }
}
