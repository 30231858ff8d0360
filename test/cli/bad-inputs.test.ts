/**
 * What a person can get wrong: each ends with one clear line (or a short list), a status that is not 0, no stack trace,
 * nothing on standard output, and every file as it was.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { runHere, snapshot, withoutNews, type Environment } from './run-here.js'
import { makeWorld, TINY } from './world.js'

let world = ''
const home = process.cwd()

before(async () => {
  world = mkdtempSync(join(tmpdir(), 'neomesh-bad-'))
  process.env.STORAGE_EMULATOR_HOST = 'http://127.0.0.1:9' // nobody listens there
  process.env.NEOMESH_CACHE = mkdtempSync(join(tmpdir(), 'neomesh-bad-cache-'))
  await makeWorld(world)
  process.chdir(world)
  const trained = await runHere(['train', 'model.json', '--data', 'data', '--run', 'run'])
  assert.equal(trained.code, 0, trained.stderr)
})
after(() => {
  process.chdir(home)
  for (const folder of [world, process.env.NEOMESH_CACHE!]) rmSync(folder, { recursive: true, force: true })
})

/** What is typed, with folders made for the case; what has to be said. */
interface Case {
  readonly name: string
  readonly args: string
  readonly says: RegExp
  /** Makes what the case needs; paths are relative to the world. */
  readonly make?: () => void
  readonly env?: Environment
}
const bad = (name: string, args: string, says: RegExp, make?: () => void, env?: Environment): Case => ({
  name,
  args,
  says,
  make,
  env,
})

// Ways of breaking things. `x/` is fresh for each case.
const put = (path: string, content: string | Uint8Array) => () => writeFileSync(path, content)
const model = (changes: object) => () => writeFileSync('x/model.json', JSON.stringify({ ...config(), ...changes }))
const config = () => JSON.parse(readFileSync('model.json', 'utf8')) as typeof TINY
const copy =
  (from: string, then: () => void = () => {}) =>
  () => {
    cpSync(from, `x/${from}`, { recursive: true })
    then()
  }
const flip = (path: string, at: number) => () => {
  const bytes = readFileSync(path)
  bytes[at < 0 ? bytes.length + at : at] ^= 0x10
  writeFileSync(path, bytes)
}
const cut =
  (path: string, by = 7) =>
  () =>
    truncateSync(path, readFileSync(path).length - by)
const records = () => `x/data/train/${readdirSync('x/data/train').find((name) => name.endsWith('.tfrecords'))}`
const noIndex = (then: () => void) => () => {
  rmSync('x/data/train/index.json')
  then()
}
const CHECKPOINT = 'x/run/checkpoints/step-00000004'
const edit = (path: string, change: (json: any) => void) => () => {
  const json = JSON.parse(readFileSync(path, 'utf8'))
  change(json)
  writeFileSync(path, JSON.stringify(json))
}
const manifest = (change: (json: any) => void) => copy('run', edit(`${CHECKPOINT}/manifest.json`, change))
/** A checkpoint whose first number is none, with a checksum that fits. */
const poison = () => {
  const shard = `${CHECKPOINT}/model-00000.safetensors`
  const bytes = readFileSync(shard)
  bytes.writeFloatLE(NaN, 8 + Number(bytes.readBigUInt64LE()))
  writeFileSync(shard, bytes)
  edit(`${CHECKPOINT}/manifest.json`, (json) => {
    json.shards[0].sha256 = createHash('sha256').update(bytes).digest('hex')
  })()
}

const tokenizerTrain: Case[] = [
  bad(
    'no input',
    'tokenizer train --out x/t.json',
    /missing required argument 'inputs' \(see neomesh tokenizer train --help/,
  ),
  bad('no --out', 'tokenizer train texts', /required option '-o, --out <path>' not specified/),
  bad('an unknown option', 'tokenizer train texts -o x/t.json --vocab 9', /unknown option '--vocab'/),
  bad('a missing file', 'tokenizer train none.txt -o x/t.json', /cannot read none\.txt: it does not exist.*ENOENT/),
  bad('a folder without text', 'tokenizer train x -o x/t.json', /x: no file is there/),
  bad('a pattern that matches nothing', 'tokenizer train *.md -o x/t.json', /\*\.md: no file is there/),
  bad('an empty file', 'tokenizer train x/e.txt -o x/t.json', /the corpus must not be empty/, put('x/e.txt', '')),
  bad(
    'Latin-1',
    'tokenizer train x/l.txt -o x/t.json',
    /x\/l\.txt must be UTF-8.*iconv/,
    put('x/l.txt', Buffer.of(65, 233, 66)),
  ),
  bad(
    'an archive of another kind',
    'tokenizer train x/a.txt.xz -o x/t.json',
    /x\/a\.txt\.xz must be text or JSON lines: unpack \.xz with `xz -d`/,
    put('x/a.txt.xz', 'x'),
  ),
  bad(
    'an archive under the name of a text',
    'tokenizer train x/a.txt -o x/t.json',
    /x\/a\.txt must be text \(got a gzip archive\)\. Name it with \.gz/,
    put('x/a.txt', gzipSync('text')),
  ),
  bad(
    'nothing but bad lines',
    'tokenizer train x/a.jsonl -o x/t.json --skip-bad-lines',
    /none of 2 lines could be used\. The first: x\/a\.jsonl:1: the line must have the key "text" \(got "body"\)/,
    put('x/a.jsonl', '{"body":"a"}\n{"text":'),
  ),
  bad(
    'a broken line',
    'tokenizer train x/a.jsonl -o x/t.json',
    /x\/a\.jsonl:2, column 9: not valid JSON/,
    put('x/a.jsonl', '{"text":"a"}\n{"text":'),
  ),
  bad(
    'a line without text',
    'tokenizer train x/a.jsonl -o x/t.json',
    /x\/a\.jsonl:1: the line must have the key "text" \(got "t"\).*--text-key/,
    put('x/a.jsonl', '{"t":1}'),
  ),
  bad(
    'a vocabulary below the bytes',
    'tokenizer train texts -o x/t.json -n 10',
    /vocabSize must be an integer >= 257 \(got 10\)/,
  ),
  bad(
    'a vocabulary of 0',
    'tokenizer train texts -o x/t.json -n 0',
    /'-n, --vocab-size <count>' argument '0' is invalid.*integer >= 1/,
  ),
  bad('a vocabulary that is no number', 'tokenizer train texts -o x/t.json -n many', /argument 'many' is invalid/),
  bad('a broken number', 'tokenizer train texts -o x/t.json -n 300.5', /argument '300\.5' is invalid/),
  bad('a number beyond all', 'tokenizer train texts -o x/t.json -n 1e99', /argument '1e99' is invalid/),
  bad(
    'a frequency of 0',
    'tokenizer train texts -o x/t.json --min-frequency 0',
    /--min-frequency <count>' argument '0'/,
  ),
  bad(
    'a special token twice',
    'tokenizer train texts -o x/t.json --special-token <a> --special-token <a>',
    /specialTokens must be distinct and not empty/,
  ),
  bad('--out a folder', 'tokenizer train texts -o texts', /cannot write texts: it is a folder/),
  bad('--out a pipe', 'tokenizer train texts -o x/pipe', /cannot write x\/pipe: it is a device or a pipe/, () =>
    execFileSync('mkfifo', ['x/pipe']),
  ),
  bad(
    '--out below a file',
    'tokenizer train texts -o model.json/t.json',
    /cannot write model\.json\/t\.json: part of the path is a file/,
  ),
]

const tokenizerEncode: Case[] = [
  bad('no tokenizer', 'tokenizer encode text', /required option '-t, --tokenizer <path>' not specified/),
  bad('a missing tokenizer', 'tokenizer encode text -t none.json', /none\.json: no such file or folder/),
  bad('an empty tokenizer', 'tokenizer encode text -t x/t.json', /x\/t\.json: the file is empty/, put('x/t.json', '')),
  bad(
    'a tokenizer cut off',
    'tokenizer encode text -t x/tokenizer.json',
    /x\/tokenizer\.json: .*JSON/,
    copy('tokenizer.json', cut('x/tokenizer.json')),
  ),
  bad(
    'another kind of tokenizer',
    'tokenizer encode text -t x/t.json',
    /model\.type must be "BPE" \(got "WordPiece"\)/,
    put('x/t.json', '{"model":{"type":"WordPiece"}}'),
  ),
  bad(
    'a config as tokenizer',
    'tokenizer encode text -t model.json',
    /model\.json: no "model", so this is not a tokenizer/,
  ),
  bad('a folder without a tokenizer', 'tokenizer encode text -t texts', /texts: no tokenizer in this folder/),
  bad('too many arguments', 'tokenizer encode two words -t tokenizer.json', /too many arguments/),
]

const PREPARE = 'data prepare texts -t tokenizer.json -c 16 -o x/out'
const dataPrepare: Case[] = [
  bad('no context', 'data prepare texts -t tokenizer.json -o x/out', /required option '-c, --context <tokens>'/),
  bad(
    'a context of 0',
    'data prepare texts -t tokenizer.json -o x/out -c 0',
    /'-c, --context <tokens>' argument '0' is invalid/,
  ),
  bad('a missing tokenizer', 'data prepare texts -t none.json -o x/out -c 16', /none\.json: no such file/),
  bad(
    'a missing input',
    'data prepare none.txt -t tokenizer.json -o x/out -c 16',
    /cannot read none\.txt: it does not exist/,
  ),
  bad(
    'an input of an unknown kind',
    'data prepare x/a.pdf -t tokenizer.json -o x/out -c 16',
    /x\/a\.pdf must be text or JSON lines: convert \.pdf/,
    put('x/a.pdf', 'a'),
  ),
  bad('a folder without text', 'data prepare x -t tokenizer.json -o x/out -c 16', /x: no file is there/),
  bad(
    'a pattern that matches nothing',
    'data prepare *.txt -t tokenizer.json -o x/out -c 16',
    /\*\.txt: no file is there/,
  ),
  bad(
    'a .gz that is none',
    'data prepare x/a.txt.gz -t tokenizer.json -o x/out -c 16',
    /x\/a\.txt\.gz: /,
    put('x/a.txt.gz', 'no archive'),
  ),
  bad(
    'a .gz cut off',
    'data prepare x/a.txt.gz -t tokenizer.json -o x/out -c 16',
    /x\/a\.txt\.gz: /,
    put('x/a.txt.gz', gzipSync('text '.repeat(99)).subarray(0, 25)),
  ),
  bad(
    'a .zst that is none',
    'data prepare x/a.jsonl.zst -t tokenizer.json -o x/out -c 16',
    /x\/a\.jsonl\.zst: /,
    put('x/a.jsonl.zst', 'no archive'),
  ),
  bad(
    'a broken line',
    'data prepare x/a.jsonl -t tokenizer.json -o x/out -c 16',
    /x\/a\.jsonl:2, column 9: not valid JSON/,
    put('x/a.jsonl', '{"text":"a"}\n{"text":}'),
  ),
  bad(
    'another key',
    'data prepare x/a.jsonl -t tokenizer.json -o x/out -c 16 --text-key body',
    /"body"/,
    put('x/a.jsonl', '{"text":"a"}'),
  ),
  bad(
    'a text that is a number',
    'data prepare x/a.jsonl -t tokenizer.json -o x/out -c 16',
    /x\/a\.jsonl/,
    put('x/a.jsonl', '{"text":5}'),
  ),
  bad('nothing but an empty text', 'data prepare x/e.txt -t tokenizer.json -o x/out -c 16', /./, put('x/e.txt', '')),
  bad(
    'less text than a record',
    'data prepare x/e.txt -t tokenizer.json -o x/out -c 4000',
    /./,
    put('x/e.txt', 'the state'),
  ),
  bad('an unknown end of text', `${PREPARE} --eos <eos>`, /no token "<eos>".*--eos/),
  bad('everything held out', `${PREPARE} --validation-fraction 1`, /must be a number >= 0 and < 1/),
  bad('more than everything held out', `${PREPARE} --validation-fraction 1.5`, /argument '1\.5' is invalid/),
  bad('less than nothing held out', `${PREPARE} --validation-fraction=-0.1`, /argument '-0\.1' is invalid/),
  bad('an unknown unit', `${PREPARE} --validation-unit chapter`, /Allowed choices are document, passage/),
  bad(
    'passages with a minimum size',
    `${PREPARE} --validation-fraction 0.1 --validation-unit passage --minimum-size 5`,
    /minimumSize must be 0 with validationUnit 'passage'/,
  ),
  bad('a name with a slash', `${PREPARE} --name a/b`, /name must begin a file name.*\(got 'a\/b'\)/),
  bad('files of no records', `${PREPARE} --records-per-file 0`, /argument '0' is invalid/),
  bad('a seed that is no number', `${PREPARE} --seed x`, /argument 'x' is invalid/),
  bad(
    '--out a file',
    'data prepare texts -t tokenizer.json -c 16 -o model.json',
    /cannot create the folder model\.json: a file exists there/,
  ),
  bad('--out below a file', 'data prepare texts -t tokenizer.json -c 16 -o model.json/out', /model\.json\/out: /),
  bad('--out not empty', 'data prepare texts -t tokenizer.json -c 16 -o data', /data: it exists and is not empty/),
  bad(
    '--overwrite of another folder',
    'data prepare texts -t tokenizer.json -c 16 -o run --overwrite',
    /cannot overwrite the folder run: it has "/,
  ),
  bad(
    'input in the cloud, which cannot be reached',
    'data prepare gs://bucket/b -t tokenizer.json -c 16 -o x/out',
    /cannot read gs:\/\/bucket\/b: http:\/\/127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)\. Check the network/,
  ),
  bad('a run in the cloud', 'train model.json --data data --run gs://bucket/b', /gs:\/\/bucket\/b.* cannot be reached/),
  bad(
    'a model in the cloud',
    'sample gs://bucket/b --prompt x',
    /gs:\/\/bucket\/b\/config\.json: .* cannot be reached/,
  ),
]

const TRAIN = 'train model.json --data data --run x/run'
const OWN = 'train x/model.json --data data --run x/run'
const DATA = 'train model.json --data x/data --run x/new'
const trainConfig: Case[] = [
  bad(
    'no config',
    'train --run x/run',
    /a config must be given for a new run \(got none, and no checkpoint in x\/run\)/,
  ),
  bad('no run', 'train model.json', /required option '-r, --run <folder>' not specified/),
  bad('a missing config', 'train none.json --data data --run x/run', /cannot read none\.json: it does not exist/),
  bad('a folder as config', 'train texts --data data --run x/run', /cannot read texts: it is a folder/),
  bad('an empty config', OWN, /x\/model\.json must be a JSON file \(got an empty file\)/, put('x/model.json', '')),
  bad('a config that is no JSON', OWN, /x\/model\.json:1:14: not valid JSON/, put('x/model.json', '{"n_embd": 4,}')),
  bad('a config that is a list', OWN, /x\/model\.json: .*JSON object/, put('x/model.json', '[]')),
  bad('a wrong key', OWN, /x\/model\.json: n_embed: .*did you mean "n_embd"/s, model({ n_embed: 16 })),
  bad('a wrong type', OWN, /x\/model\.json: n_layer: /, model({ n_layer: 'two' })),
  bad(
    'several mistakes: all are told',
    OWN,
    /n_layer: [^]*lr: [^]*wrong_key: |wrong_key: [^]*n_layer: [^]*lr: /,
    model({ n_layer: -1, lr: 'x', wrong_key: 1 }),
  ),
  bad('heads that do not divide', OWN, /n_head: must divide n_embd, 16 \(got 3\)/, model({ n_head: 3 })),
  bad('a missing key', OWN, /n_vocab: /, model({ n_vocab: undefined })),
  bad('layers that do not add up', OWN, /attention_types: .*n_layer/, model({ n_layer: 3 })),
  bad('an unknown attention', OWN, /attention_types/, model({ attention_types: [[['sideways'], 2]] })),
  bad('a negative rate', OWN, /lr: /, model({ lr: -1 })),
  bad('an unknown optimizer', OWN, /opt_name: .*sgd/, model({ opt_name: 'sgd' })),
  bad('an unknown precision', OWN, /precision: .*float8/, model({ precision: 'float8' })),
  bad('an unknown decay', OWN, /lr_decay: /, model({ lr_decay: 'sudden' })),
  bad(
    'a model beyond all memory',
    OWN,
    /out of memory: training takes [\d,.]+ GiB, this machine has /,
    model({ n_embd: 2 ** 20, n_head: 2 }),
  ),
  bad('no steps', `${TRAIN} --steps 0`, /'--steps <count>' argument '0' is invalid/),
  bad('no batch', `${TRAIN} --batch 0`, /'--batch <sequences>' argument '0' is invalid/),
  bad('a batch that is no number', `${TRAIN} --batch x`, /argument 'x' is invalid/),
  bad('a negative seed', `${TRAIN} --seed=-1`, /argument '-1' is invalid/),
  bad('an unknown --precision', `${TRAIN} --precision int8`, /Allowed choices are float32, bfloat16/),
  bad('an unknown --layers', `${TRAIN} --layers loop`, /Allowed choices are unroll, scan/),
  bad('a negative interval', `${TRAIN} --evaluate-every=-5`, /argument '-5' is invalid/),
  bad('a misspelt option', `${TRAIN} --step 5`, /unknown option '--step'.*Did you mean --steps/),
]

const trainData: Case[] = [
  bad(
    'a tokenizer in place of a model config',
    'train tokenizer.json --data data --run x/run',
    /^neomesh: tokenizer\.json: .* problems\n[^]*^  model: must be one of GPT \(got \{"type":"BPE".{80,90}\.\.\.\)$/m,
  ),
  bad(
    'devices of another number than the mesh',
    'train model.json --data data --run x/run --devices 100000',
    /^neomesh: --devices must be the size of the mesh, 1 \(got 100000\)\. Pass a mesh of 100000 devices with --mesh$/m,
  ),
  bad('no data named', 'train model.json --run x/run', /"datasets" must name a data set \(got none\)/),
  bad(
    'a data set without config',
    'train x/model.json --run x/run',
    /data set "pile" must have a config/,
    model({ datasets: ['pile'] }),
  ),
  bad(
    'two data sets',
    'train x/model.json --run x/run',
    /must name one data set \(got 2\)/,
    model({ datasets: ['a', 'b'] }),
  ),
  bad(
    'a missing folder',
    'train model.json --data none --run x/run',
    /cannot read none\/dataset\.json: it does not exist/,
  ),
  bad('text in place of data', 'train model.json --data texts --run x/run', /cannot read texts\/dataset\.json/),
  bad(
    'a data set config that is no JSON',
    DATA,
    /x\/data\/dataset\.json:1:2: not valid JSON/,
    copy('data', put('x/data/dataset.json', '{')),
  ),
  bad(
    'an unknown key',
    DATA,
    /x\/data\/dataset\.json is not a dataset config[^]*tokens/,
    copy(
      'data',
      edit('x/data/dataset.json', (json) => (json.tokens = 1)),
    ),
  ),
  bad(
    'a path of the wrong type',
    DATA,
    /x\/data\/dataset\.json is not a dataset config[^]*path/,
    copy(
      'data',
      edit('x/data/dataset.json', (json) => (json.path = 5)),
    ),
  ),
  bad(
    'a path that matches nothing',
    DATA,
    /path "nothing\*" finds no data/,
    copy(
      'data',
      edit('x/data/dataset.json', (json) => (json.path = 'nothing*')),
    ),
  ),
  bad(
    'an eval_path that matches nothing',
    DATA,
    /eval_path "nothing\*" finds no data/,
    copy(
      'data',
      edit('x/data/dataset.json', (json) => (json.eval_path = 'nothing*')),
    ),
  ),
  bad(
    'data in the cloud',
    DATA,
    /gs:\/\/bucket\/b: .* cannot be reached/,
    copy(
      'data',
      edit('x/data/dataset.json', (json) => (json.path = 'gs://bucket/b')),
    ),
  ),
  bad('another context', OWN, /prepared for n_ctx 32 or more \(got 16\)/, model({ n_ctx: 32 })),
  bad(
    'a vocabulary smaller than the ids',
    OWN,
    /n_vocab must be at least \d+, the vocabulary of the data \(got 200\)/,
    model({ n_vocab: 200 }),
  ),
  bad(
    'a vocabulary smaller than the ids, without index',
    'train x/model.json --data x/data --run x/run',
    /record \d+ at byte \d+: id \d+ must be below n_vocab 200 \(got \d+\)/,
    () => {
      model({ n_vocab: 200 })()
      copy(
        'data',
        noIndex(() => rmSync('x/data/validation/index.json')),
      )()
    },
  ),
  bad(
    'a TFRecord cut off',
    DATA,
    /_\d+\.tfrecords: record \d+ at byte \d+: /,
    copy(
      'data',
      noIndex(() => cut(records())()),
    ),
  ),
  bad(
    'a TFRecord cut off, with index',
    DATA,
    /must have \d+ bytes, as in .*index\.json \(got \d+\).*prepare them again/,
    copy('data', () => cut(records())()),
  ),
  bad(
    'a corrupt checksum of a length',
    DATA,
    /record 0 at byte 0: /,
    copy(
      'data',
      noIndex(() => flip(records(), 9)()),
    ),
  ),
  bad(
    'corrupt payloads',
    DATA,
    /record \d+ at byte \d+: .*checksum|CRC/i,
    copy('data', () => {
      const bytes = readFileSync(records())
      for (let at = 14; at < bytes.length; at += 16) bytes[at] ^= 1
      for (let at = 0, length = 0; at < bytes.length; at += 16 + length) {
        // Headers as they were: only payloads are corrupt.
        const sound = readFileSync(records())
        length = Number(sound.readBigUInt64LE(at))
        sound.copy(bytes, at, at, at + 12)
      }
      writeFileSync(records(), bytes)
    }),
  ),
  bad(
    'text as TFRecord',
    DATA,
    /record 0 at byte 0: /,
    copy(
      'data',
      noIndex(() => put(records(), 'this is text, no record')()),
    ),
  ),
  bad(
    'no records',
    DATA,
    /have no records/,
    copy(
      'data',
      noIndex(() => {
        rmSync(records())
        writeFileSync('x/data/train/tiny_0_0.tfrecords', '')
      }),
    ),
  ),
  bad(
    'an index that is no JSON',
    DATA,
    /index\.json:1:2: not valid JSON/,
    copy('data', put('x/data/train/index.json', '{')),
  ),
  bad(
    'an index of another version',
    DATA,
    /index\.json is not a data set index of this version/,
    copy(
      'data',
      edit('x/data/train/index.json', (json) => (json.version = 9)),
    ),
  ),
  bad(
    'an index without its lengths',
    DATA,
    /index\.bin: it does not exist/,
    copy('data', () => rmSync('x/data/train/index.bin')),
  ),
  bad('lengths cut off', DATA, /index\.bin/, copy('data', cut('x/data/train/index.bin', 8))),
  bad(
    'a listed file that is gone',
    DATA,
    /lists .*tfrecords, which does not exist/,
    copy('data', () => {
      renameSync(records(), 'x/data/train/tiny_9_1.tfrecords')
    }),
  ),
]

const AGAIN = 'train model.json --data data --run x/run --steps 6'
const shard = `${CHECKPOINT}/model-00000.safetensors`
const trainRun: Case[] = [
  bad(
    'a run that is a file',
    'train model.json --data data --run model.json',
    /cannot create the folder model\.json: model\.json exists and is not a folder\. Choose another name/,
  ),
  bad(
    'a run below a file',
    'train model.json --data data --run model.json/run',
    /cannot create the folder model\.json\/run: model\.json exists and is not a folder/,
  ),
  bad(
    'a folder with another config.json',
    'train model.json --data data --run x',
    /x must be a run folder or empty \(it holds "config\.json"\)/,
    put('x/config.json', '{}'),
  ),
  bad(
    'a file named checkpoints',
    'train model.json --data data --run x',
    /cannot open the run x: part of the path is a file/,
    put('x/checkpoints', ''),
  ),
  bad(
    'a folder named metrics.jsonl',
    'train model.json --data data --run x/run',
    /x\/run must be a run folder or empty \(it holds "metrics\.jsonl"\)/,
    () => mkdirSync('x/run/metrics.jsonl', { recursive: true }),
  ),
  bad(
    'another width',
    'train x/model.json --data data --run x/run',
    /the config must fit the weights of .*: n_embd 16 \(got 32\)\. Restore these keys, or begin a new run .* --from/,
    () => {
      copy('run')()
      model({ n_embd: 32 })()
    },
  ),
  bad(
    'data of another tokenizer',
    'train model.json --data x/data --run x/run --steps 6',
    /trained on data of another tokenizer/,
    () => {
      copy('run')()
      copy(
        'data',
        edit('x/data/train/index.json', (json) => (json.tokenizerHash = 'f'.repeat(64))),
      )()
    },
  ),
  bad(
    'a manifest that is no JSON',
    AGAIN,
    /manifest\.json:1:2: not valid JSON/,
    copy('run', put(`${CHECKPOINT}/manifest.json`, '{')),
  ),
  bad(
    'an empty manifest',
    AGAIN,
    /manifest\.json must be a JSON file \(got an empty file\)/,
    copy('run', put(`${CHECKPOINT}/manifest.json`, '')),
  ),
  bad(
    'a manifest of another format',
    AGAIN,
    /is not a checkpoint's manifest: format: /,
    manifest((json) => (json.format = 'another')),
  ),
  bad(
    'a manifest without steps',
    AGAIN,
    /is not a checkpoint's manifest: step: /,
    manifest((json) => delete json.step),
  ),
  bad(
    'a manifest with a broken config',
    AGAIN,
    /manifest\.json "config": [^]*n_head/,
    manifest((json) => (json.config.n_head = 0)),
  ),
  bad(
    'a variable in no shard',
    AGAIN,
    /has no shard for the variable/,
    manifest((json) => (json.variables['gpt2/wte'].shard = 7)),
  ),
  bad(
    'a shard outside',
    AGAIN,
    /names the shard "\.\.\/\.\.\/a", which must be a file beside it/,
    manifest((json) => (json.shards[0].file = '../../a')),
  ),
  bad(
    'a checkpoint without manifest',
    AGAIN,
    /cannot read x\/run\/checkpoints\/step-00000004\/manifest\.json: it does not exist/,
    copy('run', () => rmSync(`${CHECKPOINT}/manifest.json`)),
  ),
  bad(
    'a missing shard',
    AGAIN,
    /model-00000\.safetensors: it does not exist/,
    copy('run', () => rmSync(shard)),
  ),
  bad('a shard cut off', AGAIN, /model-00000\.safetensors is corrupt/, copy('run', cut(shard))),
  bad(
    'a flipped bit',
    AGAIN,
    /model-00000\.safetensors is corrupt: it differs from what was saved/,
    copy('run', flip(shard, -100)),
  ),
  bad('a number that is none', AGAIN, /"gpt2\/[\w/]+" holds NaN .*training had diverged/, copy('run', poison)),
  bad(
    'a variable that is gone',
    AGAIN,
    /no variable "gpt2\/wte\/adam_m"/,
    manifest((json) => delete json.variables['gpt2/wte/adam_m']),
  ),
  bad(
    'a variable of another shape',
    AGAIN,
    /"gpt2\/wpe" is \[16, 17\], not \[16, 16\]/,
    manifest((json) => (json.variables['gpt2/wpe'].shape = [16, 17])),
  ),
]

const SAMPLE = 'sample run --prompt the'
const plugins: Case[] = [
  bad(
    'a plugin that is not there',
    SAMPLE,
    /no PJRT plugin for cpu[^]*PJRT_PLUGIN_LIBRARY_PATH=none\.so: there is no such file/,
    undefined,
    { PJRT_PLUGIN_LIBRARY_PATH: 'none.so' },
  ),
  bad('a plugin that is text', SAMPLE, /cannot load .*x\/text\.so on \w+/, put('x/text.so', 'text'), {
    PJRT_PLUGIN_LIBRARY_PATH: 'x/text.so',
  }),
  bad('no plugin for CUDA', `${SAMPLE} --device cuda`, /no PJRT plugin for cuda[^]*pip install/),
  // libtpu may be there: `make plan-setup`.
  bad('no TPU', `${TRAIN} --device tpu`, /no PJRT plugin for tpu[^]*pip install|no TPU found on this machine/),
  bad('an unknown device', `${SAMPLE} --device gpu`, /Allowed choices are cpu, cuda, tpu/),
]

const BROKEN = 'sample x/run --prompt the'
const sample: Case[] = [
  bad('no model', 'sample', /missing required argument 'model'/),
  bad('a missing model', 'sample none', /cannot open the run none: it does not exist/),
  bad(
    'a run among other things',
    'train model.json --data data --run texts',
    /texts must be a run folder or empty \(it holds ".+"\)\. Use another folder/,
  ),
  bad('a folder that is no run', 'sample texts', /texts holds no checkpoint/),
  bad('a file', 'sample model.json', /cannot open the run model\.json: part of the path is a file/),
  bad(
    'no tokenizer',
    'sample x/run',
    /x\/run must have a tokenizer\.json \(got none\)/,
    copy('run', () => rmSync('x/run/tokenizer.json')),
  ),
  bad('a missing tokenizer', `${SAMPLE} --tokenizer none.json`, /none\.json: no such file/),
  bad(
    'a tokenizer of another vocabulary',
    `sample run --prompt <399> --tokenizer x/t.json`,
    /token ids must be integers in \[0, \d+\) \(got 399\)\. Use the tokenizer/,
    () => {
      const json = JSON.parse(readFileSync('tokenizer.json', 'utf8'))
      const size = Object.keys(json.model.vocab).length
      for (let id = size; id < 400; id++) json.added_tokens.push({ ...json.added_tokens[0], id, content: `<${id}>` })
      writeFileSync('x/t.json', JSON.stringify(json))
    },
  ),
  bad('a negative temperature', `${SAMPLE} --temperature=-1`, /argument '-1' is invalid/),
  bad('a temperature that is no number', `${SAMPLE} --temperature hot`, /argument 'hot' is invalid/),
  bad('an infinite temperature', `${SAMPLE} --temperature Infinity`, /argument 'Infinity' is invalid/),
  bad('a broken top-k', `${SAMPLE} --top-k 1.5`, /argument '1\.5' is invalid/),
  bad('a top-p of 0', `${SAMPLE} --top-p 0`, /argument '0' is invalid.*a number > 0 and <= 1/),
  bad('a top-p above 1', `${SAMPLE} --top-p 1.1`, /argument '1\.1' is invalid/),
  bad('no samples', `${SAMPLE} --count 0`, /argument '0' is invalid/),
  bad('no tokens', `${SAMPLE} --max-tokens 0`, /argument '0' is invalid/),
  bad('a seed that is no number', `${SAMPLE} --seed x`, /argument 'x' is invalid/),
  bad(
    'a corrupt manifest',
    BROKEN,
    /manifest\.json:1:2: not valid JSON/,
    copy('run', put(`${CHECKPOINT}/manifest.json`, '{')),
  ),
  bad('a corrupt shard', BROKEN, /is corrupt/, copy('run', flip(shard, -5))),
  bad('a number that is none', BROKEN, /holds NaN/, copy('run', poison)),
]

const general: Case[] = [
  bad('an unknown command', 'trian', /unknown command 'trian'.*Did you mean train/),
  bad('an unknown command below tokenizer', 'tokenizer tarin', /unknown command 'tarin'/),
  bad('an unknown option', '--verbose', /unknown option '--verbose'/),
]

const all = { general, tokenizerTrain, tokenizerEncode, dataPrepare, trainConfig, trainData, trainRun, plugins, sample }
for (const [group, cases] of Object.entries(all)) {
  test(`${group}: ${cases.length} wrong inputs`, async (context) => {
    for (const { name, args, says, make, env } of cases) {
      await context.test(name, async () => {
        rmSync('x', { recursive: true, force: true })
        mkdirSync('x')
        make?.()
        const there = snapshot(world)
        const { code, stdout, stderr } = await runHere(args.split(' '), env)
        const shown = `neomesh ${args}\n${stderr}`
        assert.notEqual(code, 0, shown)
        assert.equal(stdout, '', shown)
        checkMessage(withoutNews(stderr), says, shown)
        assert.deepEqual(snapshot(world), there, shown)
      })
    }
  })
}

/** One message, after notes: what is wrong comes in its first line, a list of problems or places below it. */
function checkMessage(output: string, says: RegExp, shown: string): void {
  const stderr = output.replace(/^neomesh: note: .*\n/gm, '')
  assert.ok(stderr.startsWith('neomesh: ') && stderr.endsWith('\n'), shown)
  assert.match(stderr, says, shown)
  assert.doesNotMatch(stderr, /^\s+at |\(unexpected;|undefined|\[object/m, shown)
  const [, ...more] = stderr.trimEnd().split('\n')
  assert.ok(
    more.every((line) => /^\s/.test(line)),
    shown,
  )
  assert.ok(stderr.length < 1500, shown)
}
