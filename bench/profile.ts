/**
 * Prints where the time of a training step or of a decoding step of a shape goes: bench/PROFILE.md.
 * node --enable-source-maps dist/bench/profile.js --shape teach [--dtype bf16] [--decode --batch 8] [--rows 20]
 */
import { parseArgs } from 'node:util'
import { openXla } from '../src/engine/index.js'
import { lowerDecode } from '../src/generate/index.js'
import { profileProgram, profileTable } from '../src/plan/index.js'
import { lowerStep } from '../src/train/index.js'
import { configOf, SHAPES } from './work.js'

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string', default: 'teach' },
    dtype: { type: 'string', default: 'f32' },
    decode: { type: 'boolean', default: false },
    batch: { type: 'string', default: '1' },
    rows: { type: 'string', default: '25' },
    rounds: { type: 'string', default: '3' },
  },
})
const bf16 = options.dtype === 'bf16'
const config = configOf(SHAPES[options.shape], { precision: bf16 ? 'bfloat16' : 'float32' })
const engine = await openXla()
const lowered = options.decode
  ? lowerDecode(config, { batch: Number(options.batch), dtype: bf16 ? 'bf16' : 'f32', capacity: 256 })
  : lowerStep(config, null, 'unroll')
console.log(
  profileTable(await profileProgram(engine, lowered, { rounds: Number(options.rounds) }), Number(options.rows)),
)
await engine.close()
