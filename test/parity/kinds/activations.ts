/** Values and derivatives of activations at points; those that the original cannot run must be known as such. */
import { crashingActivations, type ActivationName } from '../../../src/config/keys/activation-names.js'
import { jit, type DeviceArray } from '../../../src/engine/index.js'
import { ACTIVATIONS, randomisedRelu } from '../../../src/model/activations.js'
import { constant, dim, gradients, literal, total, type Tensor } from '../../../src/tensor/index.js'
import { openTensors, type CaseFile, type Workshop } from '../case-file.js'
import { Worst, type Verdict } from '../verdict.js'

interface Recorded {
  readonly error?: string
  readonly negative_scale?: number
}

const starts = (_: string, value: number) => constant(value, 'f32') as unknown as Tensor

export async function* activations(file: CaseFile, { engine }: Workshop): AsyncGenerator<Verdict> {
  const tensors = await openTensors(file)
  const points = await tensors.floats('x')
  const along = dim('n', points.length)
  const functions = Object.entries(file.json.functions as Record<string, Recorded>)
  const able = functions.filter(([name, { error }]) => !error && name in ACTIVATIONS)
  const program = jit(await engine(), () => {
    const x = literal([along], [...points], 'f32') as Tensor
    return Object.fromEntries(
      able.map(([name, { negative_scale: scale }]) => {
        const y = scale ? randomisedRelu(x, scale) : ACTIVATIONS[name as ActivationName](x, along, starts)
        return [name, { y, dydx: gradients([total(y)], [constant(1, 'f32')], [x])[0] ?? x.mul(0) }]
      }),
    )
  })
  const found = (await (program as any)()) as Record<string, Record<'y' | 'dydx', DeviceArray>>
  program.dispose()
  for (const [name, { error }] of functions) {
    const worst = new Worst()
    if (error) worst.exact('crash', 'the list of those', (crashingActivations as readonly string[]).includes(name))
    else if (!found[name]) worst.exact('name', 'the table', false)
    else
      for (const kind of ['y', 'dydx'] as const) {
        if (!tensors.has(`${kind}/${name}`)) continue
        const wanted = await tensors.floats(`${kind}/${name}`)
        const values = await found[name][kind].readFloats()
        wanted.forEach((x, i) =>
          worst.note(kind, `x = ${points[i]}`, Math.abs(values[i] - x) / Math.max(1, Math.abs(x)), 1e-5),
        )
      }
    const remark = error && 'the original cannot run it'
    yield { name: `${file.name}: ${name}`, measures: worst.measures, ...(remark && { remark }) }
  }
  await tensors.close()
}
