/**
 * Replays recorded cases of the original GPT-Neo and prints a line for each: `npm run parity -- FILE.json...`
 * Ends with status 1 if any is farther from the record than its tolerance, or if nothing was compared.
 */
import { basename } from 'node:path'
import { openCaseFile } from './case-file.js'
import { UnknownKind, verdictsOf } from './kinds/index.js'
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
  let [all, failed, skipped] = [0, 0, 0]
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
      const unknown = error instanceof UnknownKind
      console.log(`${basename(path, '.json').padEnd(26)} ${unknown ? 'skip' : 'FAIL'}  ${(error as Error).message}`)
      if (unknown) skipped++
      else {
        all++
        fail()
      }
    }
  const others = skipped > 0 ? `, ${skipped} files of other kinds skipped` : ''
  console.log(`${all} cases, ${all - failed} passed, ${failed} failed${others}`)
  if (all === 0) process.exitCode = 1
  await workshop.close()
}

void main(process.argv.slice(2))
