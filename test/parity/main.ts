/**
 * Replays recorded cases of the original GPT-Neo and prints a line for each: `npm run parity -- FILE.json...`
 * Ends with status 1 if any is farther from the record than its tolerance.
 */
import { basename } from 'node:path'
import { openXla } from '../../src/engine/index.js'
import type { LayerMode } from '../../src/model/index.js'
import { compare, describe, passes } from './compare.js'
import { NotAModel, openGolden } from './golden.js'
import { replay } from './replay.js'

async function main(args: readonly string[]): Promise<void> {
  const files = args.filter((arg) => !arg.startsWith('--'))
  if (files.length === 0) {
    console.error('usage: npm run parity -- [--scan] FILE.json...   (layers run one by one, or in one scan)')
    process.exitCode = 2
    return
  }
  const layers: LayerMode = args.includes('--scan') ? 'scan' : 'unroll'
  const engine = await openXla()
  try {
    for (const file of files) {
      try {
        const golden = await openGolden(file)
        const measures = await compare(golden, await replay(engine, golden, layers))
        console.log(describe(golden, measures))
        if (!measures.every(passes)) process.exitCode = 1
        await golden.close()
      } catch (error) {
        const other = error instanceof NotAModel
        console.log(`${basename(file, '.json').padEnd(26)} ${other ? 'skip' : 'FAIL'}  ${(error as Error).message}`)
        if (!other) process.exitCode = 1
      }
    }
  } finally {
    await engine.close()
  }
}

void main(process.argv.slice(2))
