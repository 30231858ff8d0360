/** Loads the model and samples from it, in a worker, so that the page stays responsive. */
import { openHost } from '../../engine/host/engine.js'
import { generate, type LoadedModel } from '../../generate/generate.js'
import { fitPrompt } from '../../generate/fit-prompt.js'
import { loadParameters } from '../../generate/parameters.js'
import { endOfTextId } from '../../tokenizer/end-of-text.js'
import { partsOfJson } from '../../tokenizer/files/tokenizer-json.js'
import { Tokenizer } from '../../tokenizer/tokenizer.js'
import { mostLikely } from '../most-likely.js'
import { files, type About, type FromWorker, type SampleRequest, type ToWorker } from '../messages.js'
import { fetchFile, fetchWeights } from './weights.js'

/** Number of most likely tokens shown. */
const SHOWN = 8

const say = (message: FromWorker) => self.postMessage(message)
const failed = (error: unknown) =>
  say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })

interface Loaded {
  readonly model: LoadedModel
  readonly tokenizer: Tokenizer
}

async function load(folder: string): Promise<Loaded> {
  const about = (await (await fetchFile(folder, files.about)).json()) as About
  const tokenizer = new Tokenizer(partsOfJson(files.tokenizer, await (await fetchFile(folder, files.tokenizer)).text()))
  const read = await fetchWeights(folder, (bytes, totalBytes) => say({ kind: 'loading', bytes, totalBytes }))
  const model = await loadParameters(openHost(), about.config, read)
  say({ kind: 'ready', about })
  return { model, tokenizer }
}

async function sample({ model, tokenizer }: Loaded, request: SampleRequest, stop: AbortSignal): Promise<void> {
  const { prompt, ...options } = request
  const { eos_id: eosId, n_ctx: context } = model.config
  const eos = endOfTextId(tokenizer, eosId)
  const given = tokenizer.encode(prompt)
  if (given.length === 0 && eos === undefined)
    throw new RangeError(
      'the prompt must not be empty: the tokenizer has no end-of-text token to begin with. Write a prompt',
    )
  let logits: Float32Array | undefined
  const { ids, dropped } = fitPrompt(given.length > 0 ? given : [eos!], context, options.maxTokens)
  if (dropped > 0) say({ kind: 'shortened', dropped })
  const tokens = generate(model, [ids], {
    ...options,
    stopIds: eos === undefined ? [] : [eos],
    onLogits: (given) => (logits = given),
  })
  const decoder = tokenizer.decodeStream()
  let [count, began] = [0, 0]
  for await (const [id] of tokens) {
    const now = performance.now()
    // The first token waits for compilation.
    if (count++ === 0) began = now
    const perSecond = count > 1 ? (1000 * (count - 1)) / (now - began) : null
    const { probability, rank, best } = mostLikely(logits!, id!, SHOWN)
    const text = id === eos || id! >= tokenizer.vocabSize ? '' : decoder.push(id!)
    const alternatives = best.map((each) => ({ ...each, text: textOf(tokenizer, each.id) }))
    say({ kind: 'token', token: { id: id!, text, probability, rank, mostLikely: alternatives }, perSecond })
    if (stop.aborted) break
  }
  say({ kind: 'done', rest: decoder.finish() })
}

/** Text of one token; bytes if it is a part of a character, '' for an id that the tokenizer does not have. */
function textOf(tokenizer: Tokenizer, id: number): string {
  if (id >= tokenizer.vocabSize) return ''
  const bytes = tokenizer.bytesOf(id)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return Array.from(bytes, (byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  }
}

let loading: Promise<Loaded>
let stopping = new AbortController()
self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'load') {
    loading = load(data.folder)
    return void loading.catch(failed)
  }
  stopping.abort()
  if (data.kind === 'stop') return
  const { signal } = (stopping = new AbortController())
  void loading.then((loaded) => sample(loaded, data.request, signal)).catch(failed)
})
