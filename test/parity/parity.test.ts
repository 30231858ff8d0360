/** The verdict of a replay: what is near the record passes, what is not is named. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../files/temporary-folder.js'
import { fixture } from '../model/goldens.js'
import { openCaseFile } from './case-file.js'
import { compare } from './compare.js'
import { openGolden } from './golden.js'
import { UnknownKind, verdictsOf } from './kinds/index.js'
import type { Replay } from './replay.js'
import { describe, passed, passes, Worst } from './verdict.js'
import { openWorkshop } from './workshop.js'

/** A replay that gives exactly what was recorded. */
async function perfect() {
  const golden = await openGolden(fixture('goldens/z_loss_zero.json'))
  const { recorded, file, floats } = golden
  const gradients = new Map<string, Float32Array>()
  for (const key of file.tensors.keys()) if (key.startsWith('grad/')) gradients.set(key.slice(5), await floats(key))
  const replay: Replay = {
    evalLogits: await floats('eval/logits'),
    evalLoss: recorded.eval_loss!,
    trainLogits: await floats('train/logits'),
    gradients,
    losses: recorded.loss as number[],
    rates: [...recorded.learning_rate],
    norms: recorded.grad_norm as number[],
    after: new Map(),
  }
  return { golden, replay }
}

test('what is equal passes; what is off by more than the tolerance fails and is named', async () => {
  const { golden, replay } = await perfect()
  const verdict = async (changed: Partial<Replay>) =>
    describe({ name: golden.name, measures: await compare(golden, { ...replay, ...changed }) })
  assert.match(await verdict({}), /^z_loss_zero +pass {2}logits 0\.0e\+0 of 0\.0001, loss/)
  assert.match(await verdict({ losses: [replay.losses[0] * 1.0002] }), /FAIL .*loss 2\.0e-4 of 0\.0001 at step 0/)
  assert.match(await verdict({ rates: [replay.rates[0] * 1.00001] }), /FAIL .*rate 1\.0e-5 of 0\.000001 at step 0/)
  assert.match(await verdict({ evalLogits: replay.evalLogits!.map((x) => x + 0.1) }), /FAIL .*at eval\/logits/)
  assert.match(await verdict({ evalLogits: replay.evalLogits!.map(() => NaN) }), /FAIL/)
  const [[name, values], ...others] = replay.gradients
  const off = new Map([[name, values.map((x) => x * 1.01)], ...others])
  assert.match(await verdict({ gradients: off }), new RegExp(`FAIL .*gradients 1\\.0e-2 of 0\\.001 at grad/${name}`))
  assert.match(await verdict({ gradients: new Map(others) }), /FAIL .*gradients Infinity/)
  assert.ok((await compare(golden, replay)).every(passes))
  await golden.close()
})
test('what was never compared has not passed; what must be exactly so has no tolerance', () => {
  assert.match(describe({ name: 'empty', measures: [] }), /^empty +FAIL {2}nothing was compared$/)
  const worst = new Worst()
  worst.exact('tokens', 'row 0', true)
  assert.ok(passed({ name: '', measures: worst.measures }))
  worst.exact('tokens', 'row 1', false)
  worst.exact('tokens', 'row 2', true)
  assert.match(
    describe({ name: 'x', measures: worst.measures, remark: 'why' }),
    /FAIL {2}tokens .* at row 1 {2}\[why\]$/,
  )
})
test('a file of another kind is refused, with its keys', async () => {
  const file = { ...(await openCaseFile(fixture('goldens/schedules.json'))), json: { curves: [], note: '' } }
  assert.throws(
    () => verdictsOf(file, openWorkshop('unroll')),
    (error) => error instanceof UnknownKind && /its keys \(curves, note\) are those of no kind/.test(error.message),
  )
})

test('a file of an unknown kind is skipped; a replay that compared nothing ends with status 1', async (t) => {
  const path = join(temporaryFolder(t), 'odd.json')
  writeFileSync(path, '{"curves": []}')
  const main = fileURLToPath(new URL('main.js', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [main, path], { encoding: 'utf8' })
  assert.match(
    stdout,
    /^odd +skip .*those of no kind[^]*\n0 cases, 0 passed, 0 failed, 1 files of other kinds skipped\n$/,
  )
  assert.equal(status, 1)
})
