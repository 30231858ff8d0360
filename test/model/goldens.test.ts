/** The original GPT-Neo's recorded numbers, to the tolerances of float32. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LayerMode } from '../../src/model/index.js'
import { engine } from '../tensor/check.js'
import { openGolden, relative, relativeNorm, replay } from './goldens.js'

for (const name of ['global', 'local', 'local_64_r16_notmultiple', 'local_512_r256'])
  for (const layers of ['unroll', 'scan'] as LayerMode[])
    test(`${name}, layers in ${layers} mode: logits, losses, gradients, Adam steps`, async () => {
      const golden = await openGolden(`goldens/${name}`)
      const found = await replay(await engine(), golden, layers, [1, 2, 10])
      assert.ok(relative(found.logits, await golden.floats('eval/logits')) < 1e-4, `logits ${relative(found.logits, await golden.floats('eval/logits'))}`)
      golden.json.loss.forEach((wanted: number, i: number) => assert.ok(Math.abs(found.losses[i] - wanted) < 1e-4 * wanted, `loss ${i}: ${found.losses[i]}, wanted ${wanted}`))
      golden.json.learning_rate.forEach((wanted: number, i: number) => assert.ok(Math.abs(found.rates[i] - wanted) <= 1e-6 * wanted, `rate ${i}: ${found.rates[i]}, wanted ${wanted}`))
      golden.json.grad_norm.forEach((wanted: number, i: number) => assert.ok(Math.abs(found.norms[i] - wanted) < 1e-3 * wanted, `norm ${i}: ${found.norms[i]}, wanted ${wanted}`))
      let compared = 0
      for (const key of golden.file.tensors.keys()) {
        const [kind, ...rest] = key.split('/')
        const variable = rest.join('/')
        if (kind === 'grad') assert.ok(relativeNorm(found.gradients.get(variable)!, await golden.floats(key)) < 1e-3, key)
        const step = /^step(\d+)$/.exec(kind)
        if (!step) continue
        const values = found.after.get(Number(step[1]))?.get(variable)
        if (!values) continue
        const wanted = await golden.floats(key)
        const worst = wanted.reduce((most, x, i) => Math.max(most, Math.abs(x - values[i])), 0)
        const scale = variable.includes('adam_') ? 0.05 * Math.max(...wanted.map(Math.abs)) : (Number(step[1]) === 10 ? 0.5 : 0.1) * golden.config.lr
        assert.ok(worst <= scale + 1e-6, `${key}: off by ${worst}`)
        compared++
      }
      assert.ok(compared > 0 || name.includes('_'))
      await golden.close()
    })
