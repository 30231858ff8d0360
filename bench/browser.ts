/**
 * Trains a model config on one thread of the engine host, in Node and in a worker of Chromium in alternation; prints tokens per
 * second of wall time and of processor time, which other programs change less, and their ratios. node dist/bench/browser.js [--model notebook] [--steps 4] [--warmup 4] [--rounds 6]
 * Chromium is that of /usr/bin, or CHROME_PATH. The last line is JSON.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import * as engineRoom from '../src/engine/index.js'
import * as trainRoom from '../src/train/index.js'
import { openSide, type Timed } from './browser-side.js'
import { configNamed, idsOf } from './host-work.js'
import { root } from './sides.js'
import { median } from './work.js'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'notebook' },
    steps: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '6' },
  },
})
const config = configNamed(options.model)
const tokens = config.train_batch_size * config.n_ctx

/** The page hands what it is asked to its worker. */
const TEXTS: Readonly<Record<string, string>> = {
  '/': `<!doctype html><script>
    const worker = new Worker('worker.js', { type: 'module' })
    const ask = (message) => new Promise((resolve, reject) => {
      worker.onmessage = ({ data: { result, error } }) => (error ? reject(new Error(error)) : resolve(result))
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.postMessage(message)
    })
  </script>`,
  '/worker.js': `
    let run
    onmessage = async ({ data: { config, batches } }) => {
      try {
        const [{ modules }, { openSide }] = await Promise.all([import('./neomesh.js'), import('./side.js')])
        run ??= await openSide(modules, config)
        postMessage({ result: await run(batches) })
      } catch (error) {
        postMessage({ error: String(error.stack) })
      }
    }`,
}
const server = createServer(({ url }, response) => {
  const path = new URL(url!, 'http://localhost').pathname
  const file = join(root, path === '/side.js' ? 'dist/bench/browser-side.js' : `dist/browser${path}`)
  const text = TEXTS[path] ?? (existsSync(file) ? readFileSync(file) : null)
  if (text === null) return void response.writeHead(404).end()
  response.setHeader('content-type', path === '/' ? 'text/html' : 'text/javascript')
  response.end(text)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const executablePath = [process.env.CHROME_PATH ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage()
await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)

type Run = (batches: readonly (readonly number[])[]) => Promise<Timed>
const inNode = await openSide({ 'neomesh/engine': engineRoom, 'neomesh/train': trainRoom }, config)
const inBrowser: Run = (batches) => page.evaluate(`ask(${JSON.stringify({ config, batches })})`) as ReturnType<Run>
const session = await browser.newBrowserCDPSession()
/** Seconds of processor time so far. */
const cpuOf = {
  async browser() {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.reduce((sum, { type, cpuTime }) => sum + (type === 'renderer' ? cpuTime : 0), 0)
  },
  async node() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
}
interface Side {
  readonly name: string
  readonly run: Run
  readonly cpu: () => Promise<number>
  /** Milliseconds of each step. */
  readonly times: number[]
  /** Milliseconds of processor time of a step, by rounds. */
  readonly cpuTimes: number[]
  loss: number
}
const sides: readonly Side[] = [
  { name: `Node ${process.version}`, run: inNode, cpu: cpuOf.node, times: [], cpuTimes: [], loss: NaN },
  { name: `Chromium ${browser.version()}`, run: inBrowser, cpu: cpuOf.browser, times: [], cpuTimes: [], loss: NaN },
]
let step = 0
const next = (count: number) => Array.from({ length: count }, () => Array.from(idsOf(config, step++)))
/** Of each round, how many times as fast as Node the browser was. */
const ratios: number[] = []
const cpuRatios: number[] = []
const warmup = next(Number(options.warmup))
for (const { run } of sides) await run(warmup)
for (let round = 0; round < Number(options.rounds); round++) {
  const batches = next(Number(options.steps))
  // The first of a round changes, so that neither gains from what else the machine does.
  const order = round % 2 === 0 ? sides : sides.toReversed()
  for (const side of order) {
    const used = await side.cpu()
    const { times, loss } = await side.run(batches)
    side.cpuTimes.push((1000 * ((await side.cpu()) - used)) / batches.length)
    side.times.push(...times)
    side.loss = loss
  }
  const [node, chrome] = sides.map(({ times }) => median(times.slice(-batches.length)))
  ratios.push(node / chrome)
  cpuRatios.push(sides[0].cpuTimes[round] / sides[1].cpuTimes[round])
}
await browser.close()
server.close()

const rate = (ms: number) => ((1000 * tokens) / ms).toFixed(0)
console.log(
  `${cpus()[0].model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}; configs/models/${options.model}.json, one thread`,
)
console.log(
  `${tokens} tokens a step, ${options.rounds} rounds of ${options.steps} steps in alternation; median (smallest to largest)\n`,
)
console.log('| host | tokens/s | tokens per second of processor time | last loss |\n|---|---|---|---|')
const shown = (times: readonly number[]) =>
  `${rate(median(times))} (${rate(Math.max(...times))} to ${rate(Math.min(...times))})`
for (const { name, times, cpuTimes, loss } of sides)
  console.log(`| ${name} | ${shown(times)} | ${shown(cpuTimes)} | ${loss.toFixed(5)} |`)
const spread = (of: readonly number[]) =>
  `${median(of).toFixed(2)} (${Math.min(...of).toFixed(2)} to ${Math.max(...of).toFixed(2)} by rounds)`
console.log(`\nBrowser / Node: ${spread(ratios)}; of processor time ${spread(cpuRatios)}\n`)
console.log(
  JSON.stringify({
    ratios,
    cpuRatios,
    sides: sides.map(({ name, times, cpuTimes, loss }) => ({ name, times, cpuTimes, loss })),
  }),
)
