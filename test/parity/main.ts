/**
 * Replays recorded cases of the original GPT-Neo and prints a line for each: `npm run parity -- FILE.json...`
 * Ends with status 1 if any is farther from the record than its tolerance.
 */
import { basename } from 'node:path'
import { openCaseFile } from './case-file.js'
import { verdictsOf } from './kinds/index.js'
import { describe, passed } from './verdict.js'
import { openWorkshop } from './workshop.js'

async function main(args: readonly string[]): Promise<void> {
  const files = args.filter((arg) => !arg.startsWith('--'))
  if (files.length === 0) {
    console.error('usage: npm run parity -- [--scan] FILE.json...   (layers run one by one, or in one scan)')
    process.exitCode = 2
    return
  }
  const workshop = openWorkshop(args.includes('--scan') ? 'scan' : 'unroll')
  let [all, failed] = [0, 0]
  const fail = () => {
    failed++
    process.exitCode = 1
  }
  for (const path of files)
    try {
      for await (const verdict of verdictsOf(await openCaseFile(path), workshop)) {
        all++
        console.log(describe(verdict))
        if (!passed(verdict)) fail()
      }
    } catch (error) {
      all++
      console.log(`${basename(path, '.json').padEnd(26)} FAIL  ${(error as Error).message}`)
      fail()
    }
  console.log(`${all} cases, ${all - failed} passed, ${failed} failed`)
  await workshop.close()
}

void main(process.argv.slice(2))
