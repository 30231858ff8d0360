/**
 * Compiles a program in StableHLO for hardware that is not here, as `neomesh plan` compiles its own step, and prints a line of JSON
 * with the bytes of a device: to compare with programs of other libraries, such as bench/peers/plan_jax.py writes.
 * node dist/bench/plan-program.js step.mlir --topology h100-64
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compileInSubprocess } from '../src/plan/ahead/index.js'
import { hardwareOf } from '../src/plan/index.js'
import { compilerOf } from '../src/plan/xla-plan.js'

const { values: options, positionals } = parseArgs({
  options: { topology: { type: 'string', default: 'h100-8' } },
  allowPositionals: true,
})
const hardware = hardwareOf(options.topology)
const result = await compileInSubprocess({
  text: readFileSync(positionals[0], 'utf8'),
  mesh: [{ name: 'x', size: hardware.devices }],
  on: compilerOf(hardware),
  keep: false,
})
const facts = result.kind === 'compiled' ? result.facts : null
console.log(
  JSON.stringify({
    topology: hardware.name,
    fits: facts !== null,
    compiler: facts?.compiler,
    seconds: facts?.seconds ?? (result.kind === 'outOfMemory' ? result.seconds : null),
    memory: facts?.memory,
    flops: facts?.flops,
    collectives: facts?.collectives,
    out_of_memory: result.kind === 'outOfMemory' ? result.outOfMemory : undefined,
  }),
)
