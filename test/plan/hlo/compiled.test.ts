/** What is counted in programs that XLA has compiled for virtual CPU devices, against what is known of them. */
import assert from 'node:assert/strict'
import { collectivesOf } from '../../../src/plan/hlo/collectives.js'
import { executionsOf } from '../../../src/plan/hlo/executions.js'
import { productFlops } from '../../../src/plan/hlo/flops.js'
import { readHlo } from '../../../src/plan/hlo/module.js'
import { powers, testWithClient } from '../../engine/xla/pjrt/support.js'
import { reducedInALoop, relaid } from './programs.js'

testWithClient('the turns of a loop multiply products and collectives', 8, async (client) => {
  const turns = 37
  const program = await client.compile(reducedInALoop(4, 2, turns), { partitions: 8 })
  const executions = executionsOf(readHlo(program.optimizedProgram()))
  assert.deepEqual(executions.unknownLoops, [])
  // On each device 2 of 8 rows, and 8 of the 16 numbers that are summed.
  assert.equal(productFlops(executions), turns * 2 * 2 * 8 * 16)
  const mesh = [
    { name: 'dp', size: 4 },
    { name: 'tp', size: 2 },
  ]
  const bytes = turns * 2 * 16 * 4
  const [inside, ...others] = collectivesOf(executions, mesh)
  assert.deepEqual(inside, { kind: 'all-reduce', axes: 'tp', size: 2, count: turns, bytes, sent: bytes })
  for (const { count } of others) assert.equal(count, 1)
})

testWithClient('products without a mesh', 1, async (client) => {
  const program = await client.compile(powers(32, 1000))
  assert.equal(productFlops(executionsOf(readHlo(program.optimizedProgram()))), 1000 * 2 * 32 ** 3)
})

testWithClient('collectives by kind and axes', 8, async (client) => {
  const mesh = [
    { name: 'x', size: 2 },
    { name: 'y', size: 4 },
  ]
  const text = '"x"=2, "y"=4'
  const of = async (from: string, to: string) => {
    const program = await client.compile(relaid(text, 8, from, to), { partitions: 8 })
    return collectivesOf(executionsOf(readHlo(program.optimizedProgram())), mesh)
  }
  const whole = 64 * 32 * 4
  assert.deepEqual(await of('{"y"}, {}', '{}, {}'), [
    { kind: 'all-gather', axes: 'y', size: 4, count: 1, bytes: whole, sent: (whole * 3) / 4 },
  ])
  assert.deepEqual(await of('{"x", "y"}, {}', '{}, {}'), [
    { kind: 'all-gather', axes: 'x,y', size: 8, count: 1, bytes: whole, sent: (whole * 7) / 8 },
  ])
  const [moved] = await of('{"x"}, {}', '{}, {"x"}')
  assert.deepEqual([moved.kind, moved.axes, moved.size], ['all-to-all', 'x', 2])
  assert.deepEqual(await of('{"x"}, {}', '{"x"}, {"y"}'), [])
})
