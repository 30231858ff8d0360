/** NAME.json with a config and the losses of steps: logits, losses, gradients, variables. */
import type { CaseFile, Workshop } from '../case-file.js'
import { compare } from '../compare.js'
import { openSteps } from '../golden.js'
import { replay } from '../replay.js'
import type { Verdict } from '../verdict.js'

export async function* steps(file: CaseFile, { engine, layers }: Workshop): AsyncGenerator<Verdict> {
  const golden = await openSteps(file)
  try {
    const measures = await compare(golden, await replay(await engine(), golden, layers))
    const { name, mistakes } = golden
    yield { name, measures, ...(mistakes.length > 0 && { remark: `compat gpt-neo: ${mistakes.join('; ')}` }) }
  } finally {
    await golden.close()
  }
}
