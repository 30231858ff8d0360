/** NAME.json with a config and the losses of steps: logits, losses, gradients, variables. */
import type { CaseFile, Workshop } from '../case-file.js'
import { compare } from '../compare.js'
import { goldenOf, openSteps, type Golden, type Recorded } from '../golden.js'
import { recordedStart, recordedTokens } from '../recorded-start.js'
import { replay } from '../replay.js'
import type { Verdict } from '../verdict.js'

export async function* steps(file: CaseFile, workshop: Workshop): AsyncGenerator<Verdict> {
  const golden = await openSteps(file)
  try {
    yield await verdict(golden, workshop)
  } finally {
    await golden.close()
  }
}

/**
 * Cases of which numbers are recorded only: losses, norms and rates. Variables and tokens begin by the rule of all cases,
 * with tokens of the seed 1000.
 */
export async function* variants({ name, json }: CaseFile, workshop: Workshop): AsyncGenerator<Verdict> {
  for (const { case: title, ...recorded } of json.variants as (Recorded & { readonly case: string })[]) {
    const { train_batch_size: size, n_ctx, n_vocab } = recorded.config
    const shape = [recorded.loss.length, size, n_ctx + 1]
    const data = new Uint8Array(recordedTokens(shape, n_vocab, 1000).buffer)
    const golden: Golden = {
      ...goldenOf(`${name}: ${title}`, recorded),
      file: { tensors: new Map(), read: async (tensor) => ({ name: tensor, dtype: 'I32', shape, data }) },
      floats: () => Promise.reject(new Error('only numbers are recorded')),
      start: async (variable, shapeOfIt) => recordedStart(variable, shapeOfIt),
      close: async () => {},
    }
    yield await verdict(golden, workshop)
  }
}

async function verdict(golden: Golden, { engine, layers }: Workshop): Promise<Verdict> {
  const measures = await compare(golden, await replay(await engine(), golden, layers))
  const { name, mistakes } = golden
  return { name, measures, ...(mistakes.length > 0 && { remark: `compat gpt-neo: ${mistakes.join('; ')}` }) }
}
