/** The playground: sends the form to the server and shows the tokens that come back. */
import { complete, countTokens, fetchModel, ServerError } from './api.js'
import { ALTERNATIVES, sampleView } from './sample-view.js'

const element = <E extends HTMLElement>(id: string) => document.getElementById(id) as E
const input = (id: string) => element<HTMLInputElement>(id)
const [form, status] = [element<HTMLFormElement>('form'), element('status')]
const [sample, stop] = [element<HTMLButtonElement>('sample'), element<HTMLButtonElement>('stop')]
const view = sampleView(element('text'), element('tip'))

/** Time between two questions whether the model is loaded, in ms. */
const RETRY = 500

let running: AbortController | null = null
/** Tokens of a prompt and its sample. */
let context = Infinity

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (running === null) void run()
})
stop.addEventListener('click', () => running?.abort())
addEventListener('keydown', (event) => {
  if (event.key === 'Escape') running?.abort()
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit()
})
input('key').addEventListener('change', () => void connect())
void connect()

/** Shows the model's name; waits while it loads, and asks for the key if there is one. */
async function connect(): Promise<void> {
  try {
    const { id, max_model_len: length } = await fetchModel(input('key').value)
    context = length
    document.title = id
    element('name').textContent = id
    element('about').textContent =
      `A language model on this server, with a context of ${context.toLocaleString('en')} tokens.`
    say('ready')
    sample.disabled = false
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    if (error.status === 401) {
      element('key-field').hidden = false
      if (input('key').value === '') return say('This server needs its key.')
    }
    if (error.status !== 503) return say(error.message, 'error')
    say('the model is loading')
    setTimeout(() => void connect(), RETRY)
  }
}

async function run(): Promise<void> {
  const controller = (running = new AbortController())
  const prompt = element<HTMLTextAreaElement>('prompt').value
  view.start(prompt)
  setRunning(true)
  say('preparing')
  let ended = ''
  try {
    let began = 0
    const [key, { signal }] = [input('key').value, controller]
    // As on the command line, a sample also ends where the context does.
    const room = context - (await countTokens(prompt, key, signal))
    for await (const { choices } of complete(bodyOf(prompt, room), key, signal))
      for (const { text, logprobs, finish_reason: reason } of choices) {
        view.add(text, logprobs)
        if (began === 0) began = performance.now()
        if (reason === 'stop') ended = '; the text ends here'
        showCount(view.count, performance.now() - began, ended)
      }
  } catch (error) {
    if (controller.signal.aborted) say(`${status.textContent!.replace('preparing', 'no token')}; stopped`)
    else say((error as Error).message, 'error')
  }
  running = null
  setRunning(false)
}

function bodyOf(prompt: string, room: number): object {
  const number = (id: string) => input(id).valueAsNumber
  const stops = element<HTMLTextAreaElement>('stop-texts')
    .value.split('\n')
    .filter((line) => line !== '')
  return {
    prompt,
    max_tokens: Math.max(1, Math.min(number('tokens'), room)),
    temperature: number('temperature'),
    top_k: number('top-k'),
    top_p: number('top-p'),
    min_p: number('min-p'),
    repetition_penalty: number('repetition'),
    presence_penalty: number('presence'),
    frequency_penalty: number('frequency'),
    seed: number('seed'),
    stop: stops.map((line) => line.replaceAll('\\n', '\n')),
    logprobs: ALTERNATIVES,
    stream: true,
  }
}

function showCount(count: number, elapsed: number, ended: string): void {
  // The first token waits for the prompt.
  const rate = count > 1 ? `, ${((1000 * (count - 1)) / elapsed).toPrecision(3)} tokens/s` : ''
  say(`${count} ${count === 1 ? 'token' : 'tokens'}${rate}${ended}`)
  element('legend').hidden = false
}

function say(text: string, className = ''): void {
  status.className = className
  status.textContent = text
}

function setRunning(on: boolean): void {
  sample.disabled = on
  stop.disabled = !on
  element('text').classList.toggle('running', on)
}
