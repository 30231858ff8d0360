/**
 * The recorded bf16 cases, tensor by tensor: nearer than what the verdict of a replay asks for, which takes gradients
 * together. It holds while weights of attention are divided by their sum before they are rounded, and a layer's bias is
 * added last.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture } from '../model/goldens.js'
import { openGolden } from './golden.js'
import { replay } from './replay.js'
import { relative, relativeNorm } from './verdict.js'
import { openWorkshop } from './workshop.js'

for (const name of ['bfloat16', 'bfloat16_rotary'])
  test(`${name}: each logit is within 2% of the largest, each gradient within 2% of its norm`, async (t) => {
    const workshop = openWorkshop('unroll')
    t.after(() => workshop.close())
    const golden = await openGolden(fixture(`goldens/${name}`))
    t.after(() => golden.close())
    const { evalLogits, trainLogits, gradients } = await replay(await workshop.engine(), golden, workshop.layers)

    const errors: [string, number][] = [['eval/logits', relative(evalLogits, await golden.floats('eval/logits'))]]
    if (golden.file.tensors.has('train/logits'))
      errors.push(['train/logits', relative(trainLogits, await golden.floats('train/logits'))])
    for (const [name, gradient] of gradients)
      errors.push([name, relativeNorm(gradient, await golden.floats(`grad/${name}`), 0)])
    assert.ok(errors.length > 15)
    assert.deepEqual(
      errors.filter(([, error]) => !(error < 0.02)),
      [],
    )
  })
