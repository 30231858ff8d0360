/** The original GPT-Neo's recorded numbers: logits, losses, gradients, variables after steps, learning rates. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engine } from '../tensor/check.js'
import { compare } from '../parity/compare.js'
import { openGolden } from '../parity/golden.js'
import { replay } from '../parity/replay.js'
import { describe, passed } from '../parity/verdict.js'
import { fixture } from './goldens.js'

/** Cases, and those that are run with layers in one scan too: each kind of layer that stacks parameters or state. */
const CASES = [
  'global',
  'local',
  'local_64_r16_notmultiple',
  'local_512_r256',
  'linear',
  'mixed',
  'none',
  'rotary',
  'axial',
  'scalenorm',
  'rezero',
  'macaron',
  'share_parameters',
  'no_weight_tie',
  'mlp_glu_patched',
  'num_mem_kv_patched',
  'moe_top2',
  'moe_rand_1',
  'moe_switch',
  'microbatch',
  'microbatch_moe',
  'microbatch_moe_groups',
  'adafactor',
  'z_loss_zero',
  'entmax_loss',
  'mlm_local',
  'bfloat16',
  'bfloat16_rotary',
]
const SCANNED = [
  'global',
  'local',
  'linear',
  'rotary',
  'scalenorm',
  'rezero',
  'macaron',
  'share_parameters',
  'num_mem_kv_patched',
  'adafactor',
]

for (const layers of ['unroll', 'scan'] as const)
  for (const name of layers === 'unroll' ? CASES : SCANNED)
    test(`${name}, layers in ${layers} mode`, async () => {
      const golden = await openGolden(fixture(`goldens/${name}`))
      const measures = await compare(golden, await replay(await engine(), golden, layers))
      assert.ok(passed({ name, measures }), describe({ name, measures }))
      const kinds = measures.map(({ what }) => what)
      assert.ok(
        ['logits', 'loss', 'rate', 'gradients'].every((kind) => kinds.includes(kind as never)),
        `compared only ${kinds}`,
      )
      await golden.close()
    })

test('where the original makes no mistake, both ways of compat give the same numbers', async () => {
  for (const name of ['moe_top2', 'rotary']) {
    const golden = await openGolden(fixture(`goldens/${name}`))
    assert.deepEqual(golden.mistakes, [])
    const measures = await compare(
      golden,
      await replay(await engine(), { ...golden, config: { ...golden.config, compat: 'gpt-neo' } }, 'unroll'),
    )
    assert.ok(passed({ name, measures }), describe({ name, measures }))
    await golden.close()
  }
})
