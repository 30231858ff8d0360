/** The five steps with every path in a bucket: the files are those that the disk gets. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { temporaryFolder } from '../files/temporary-folder.js'
import { startStorage } from '../files/google-storage/server.js'
import { runHere, runThere, withoutNews } from './run-here.js'
import { someText, TINY } from './world.js'

const storage = await startStorage('bucket')
const model = JSON.stringify({ ...TINY, train_steps: 40, steps_per_checkpoint: 10 })

before(() => {
  storage.put('bucket', 'texts/one.txt', someText(400))
  for (let i = 0; i < 20; i++) storage.put('bucket', `texts/more/${i}.txt`, someText(40, i + 2))
  storage.put('bucket', 'model.json', model)
})

/** Runs a command here; `~` stands for the place where all files are. */
async function neomesh(place: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await runHere(command.replaceAll('~', place).split(' '))
  assert.equal(code, 0, stderr)
  return stdout
}

const steps = [
  'tokenizer train ~/texts/one.txt ~/texts/more -o ~/made/tokenizer.json -n 300',
  'data prepare ~/texts -t ~/made/tokenizer.json -c 16 -o ~/data --validation-fraction 0.2',
  'config check ~/model.json ~/data/dataset.json',
  'train ~/model.json --data ~/data --run ~/run --evaluate-every 20',
  'export hf ~/run -o ~/hf',
  'import hf ~/hf -o ~/back',
  'export web ~/run ~/web',
]

test('every step reads and writes a bucket, and gives the files that it gives on the disk', async (t) => {
  const here = temporaryFolder(t)
  mkdirSync(join(here, 'texts/more'), { recursive: true })
  for (const name of storage.names('bucket')) writeFileSync(join(here, name), storage.get('bucket', name))
  for (const step of steps) {
    await neomesh(here, step)
    await neomesh('gs://bucket', step)
  }
  const names = (
    readdirSync(here, { recursive: true, withFileTypes: true }) as {
      name: string
      parentPath: string
      isFile(): boolean
    }[]
  )
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(here.length + 1))
  assert.deepEqual(storage.names('bucket'), names.sort())
  for (const name of names) {
    const [a, b] = [readFileSync(join(here, name)), storage.get('bucket', name)].map((bytes) =>
      comparable(name, bytes, here),
    )
    assert.equal(b, a, name)
  }
  const sample = 'sample ~/run --prompt the --max-tokens 12 --seed 3'
  assert.equal(await neomesh('gs://bucket', sample), await neomesh(here, sample))
})

/** What does not depend on the place and on the clock. */
function comparable(name: string, bytes: Buffer, here: string): string {
  if (name.endsWith('.safetensors') || name.endsWith('.bin') || name.endsWith('.tfrecords'))
    return bytes.toString('hex')
  return bytes
    .toString('utf8')
    .replaceAll('gs://bucket', 'PLACE')
    .replaceAll(here, 'PLACE')
    .replace(/"tokens_per_second":[\d.]+/g, '')
    .replace(/,"checkpoint_(stall|write)_seconds":[\d.]+/g, '')
}

test('a run in a bucket that was interrupted resumes, and ends with the numbers of one that was not', async () => {
  const train =
    'train gs://bucket/model.json --data gs://bucket/data --run gs://bucket/again --evaluate-every 20'.split(' ')
  /** Runs until the checkpoint of a step has been written, then sends a signal. */
  const until = (step: number, signal: NodeJS.Signals) =>
    runThere(train, {
      onStart(kill) {
        storage.failing = (line) => {
          if (line.includes(`again%2Fcheckpoints%2Fstep-000000${step}%2Fmanifest.json`) && line.includes('rewriteTo'))
            kill(signal)
          return undefined
        }
      },
    })
  const interrupted = await until(10, 'SIGINT')
  assert.equal(interrupted.code, 130, interrupted.stderr)
  assert.equal((await until(30, 'SIGKILL')).signal, 'SIGKILL')
  storage.failing = () => undefined
  const last = await runThere(train)
  assert.equal(last.code, 0, last.stderr)
  const final = 'checkpoints/step-00000040/model-00000.safetensors'
  assert.ok(storage.get('bucket', `again/${final}`).equals(storage.get('bucket', `run/${final}`)))
  const losses = (run: string) =>
    storage
      .get('bucket', `${run}/metrics.jsonl`)
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: number; loss?: number; validation_loss?: number })
      .map(({ step, loss, validation_loss }) => ({ step, loss, validation_loss }))
  assert.deepEqual(losses('again'), losses('run'))
  assert.deepEqual(
    storage.names('bucket').filter((name) => /\.(lock|partial|old)/.test(name)),
    [],
  )
})

test('a folder of a checkpoint that has no manifest yet is ignored: training resumes from the one before', async () => {
  for (const name of storage.names('bucket').filter((each) => each.startsWith('run/')))
    storage.put('bucket', name.replace('run/', 'half/'), storage.get('bucket', name))
  storage.delete('bucket', 'half/checkpoints/step-00000040/manifest.json')
  const text = await neomesh('gs://bucket', 'train ~/model.json --data ~/data --run ~/half')
  assert.ok(text !== undefined)
  const shard = 'checkpoints/step-00000040/model-00000.safetensors'
  assert.ok(storage.get('bucket', `half/${shard}`).equals(storage.get('bucket', `run/${shard}`)))
})

test('what is wrong in a bucket is one line, and nothing is written', async () => {
  const cases: [string, RegExp][] = [
    ['tokenizer train gs://bucket/none -o gs://bucket/x/t.json', /gs:\/\/bucket\/none: it does not exist/],
    ['tokenizer train gs://bucket/texts -o gs://nobucket/t.json', /the bucket "nobucket" does not exist/],
    [
      'data prepare gs://bucket/none* -t gs://bucket/made/tokenizer.json -c 16 -o gs://bucket/x',
      /gs:\/\/bucket\/none\*: no file is there/,
    ],
    [
      'data prepare gs://bucket/texts -t gs://bucket/none.json -c 16 -o gs://bucket/x',
      /gs:\/\/bucket\/none\.json: no such file or folder/,
    ],
    [
      'data prepare gs://bucket/texts -t gs://bucket/made/tokenizer.json -c 16 -o gs://bucket/run',
      /gs:\/\/bucket\/run: it exists and is not empty/,
    ],
    ['train gs://bucket/model.json --data gs://bucket/none --run gs://bucket/x', /gs:\/\/bucket\/none/],
    [
      'train gs://bucket/model.json --data gs://bucket/data --run gs://nobucket/x',
      /the bucket "nobucket" does not exist/,
    ],
    ['sample gs://bucket/texts --prompt x', /gs:\/\/bucket\/texts holds no checkpoint/],
    ['sample gs://bucket --prompt x', /gs:\/\/bucket holds no checkpoint/],
    ['train gs:// --data x --run y', /gs:\/\/: "" is not a valid bucket name/],
  ]
  const names = storage.names('bucket')
  for (const [command, message] of cases) {
    const { code, stderr } = await runHere(command.split(' '))
    const lines = withoutNews(stderr).trim().split('\n')
    assert.equal(code, 1, command)
    assert.match(lines.at(-1)!, message, command)
    assert.match(lines.at(-1)!, /^neomesh: /)
    assert.deepEqual(storage.names('bucket'), names, command)
  }
})

test('two that train in one run in a bucket: the second reports who has the lock', async () => {
  storage.put('bucket', 'taken/.lock', '17 elsewhere\n')
  const { code, stderr } = await runHere(
    'train gs://bucket/model.json --data gs://bucket/data --run gs://bucket/taken'.split(' '),
  )
  assert.equal(code, 1)
  assert.match(stderr, /gs:\/\/bucket\/taken is locked by process 17 on elsewhere, which is training in it/)
})
