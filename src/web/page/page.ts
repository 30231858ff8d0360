/** The page: sends the form to the worker and shows the tokens that come back. */
import type { About, FromWorker, ToWorker } from '../messages.js'
import { showTips } from './tip.js'
import { tokenSpan } from './token-span.js'

const element = <E extends HTMLElement>(id: string) => document.getElementById(id) as E
const input = (id: string) => element<HTMLInputElement>(id)
const [text, status, progress] = [element('text'), element('status'), element<HTMLProgressElement>('progress')]
const [sample, stop] = [element<HTMLButtonElement>('sample'), element<HTMLButtonElement>('stop')]

const fromDisk = location.protocol === 'file:'
if (fromDisk)
  fail('A page cannot read its model from file://. Serve this folder, for example with python3 -m http.server')
else start(newWorker())

/** A worker from a blob URL, which inherits the page's Content-Security-Policy. */
function newWorker(): Worker {
  const code = `importScripts(${JSON.stringify(new URL('worker.js', location.href))})`
  return new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
}

function start(worker: Worker): void {
  const tell = (message: ToWorker) => worker.postMessage(message)
  const tips = showTips(text, element('tip'))
  let count = 0
  let shortened = ''

  worker.addEventListener('error', () => fail('worker.js does not run in this browser. Export the folder again'))
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === 'loading') showLoading(data.bytes, data.totalBytes)
    else if (data.kind === 'ready') showModel(data.about)
    else if (data.kind === 'failed') fail(data.message)
    else if (data.kind === 'shortened')
      shortened = `; the first ${data.dropped} tokens of the prompt do not fit the context`
    else if (data.kind === 'token') {
      text.append(tokenSpan(data.token, tips.keep(data.token)))
      showCount(++count, data.perSecond, shortened)
    } else {
      text.append(data.rest)
      running(false)
    }
  })

  tell({ kind: 'load', folder: new URL('.', location.href).href })
  element('form').addEventListener('submit', (event) => {
    event.preventDefault()
    const prompt = element<HTMLTextAreaElement>('prompt').value
    const number = (id: string) => input(id).valueAsNumber
    count = 0
    shortened = ''
    tips.clear()
    text.replaceChildren(Object.assign(document.createElement('span'), { className: 'prompt', textContent: prompt }))
    running(true)
    status.className = ''
    status.textContent = 'preparing'
    const settings = { temperature: number('temperature'), topK: number('top-k'), seed: number('seed') }
    tell({ kind: 'sample', request: { prompt, maxTokens: number('tokens'), ...settings } })
  })
  stop.addEventListener('click', () => tell({ kind: 'stop' }))
}

function showLoading(bytes: number, totalBytes: number): void {
  progress.value = bytes / totalBytes
  status.textContent = `loading the model: ${megabytes(bytes)} of ${megabytes(totalBytes)}`
}

function showModel({ name, step, parameters, config }: About): void {
  document.title = name
  element('name').textContent = name
  element('about').textContent =
    `${parameters.toLocaleString('en')} parameters, ${config.n_layer} layers, ` +
    `${step.toLocaleString('en')} training steps. It runs in this page.`
  progress.hidden = true
  status.textContent = 'ready'
  sample.disabled = false
}

function showCount(count: number, perSecond: number | null, note: string): void {
  const rate = perSecond === null ? '' : `, ${perSecond.toPrecision(3)} tokens/s`
  status.textContent = `${count} ${count === 1 ? 'token' : 'tokens'}${rate}${note}`
  element('legend').hidden = false
}

function running(on: boolean): void {
  sample.disabled = on
  stop.disabled = !on
  text.classList.toggle('running', on)
}

/** Shows an error; once the model is loaded, sampling can be tried again. */
function fail(message: string): void {
  status.className = 'error'
  status.textContent = message
  const loaded = progress.hidden
  progress.hidden = true
  running(false)
  sample.disabled = !loaded
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
