/** Runs functions of cases.ts in a worker of a browser, with the library as dist/browser/neomesh.js. */
import * as cases from './cases.js'

interface Call {
  readonly name: string
  readonly options: Record<string, unknown>
}

const worker = globalThis as unknown as {
  onmessage: (message: { data: Call }) => void
  postMessage(answer: unknown): void
  location: { href: string }
}

const bundle: string = './neomesh.js'
const { modules, startBrowser } = (await import(bundle)) as typeof import('../../src/browser/index.js')
await startBrowser({ base: worker.location.href })

worker.onmessage = ({ data: { name, options } }) => {
  const run = cases[name as keyof typeof cases] as (modules: unknown, options: unknown) => Promise<unknown>
  const reports = {
    onStep: (step: number) => worker.postMessage({ step }),
    show: (html: string) => worker.postMessage({ html }),
  }
  run(modules, { ...options, ...reports }).then(
    (result) => worker.postMessage({ result }),
    (error: Error) => worker.postMessage({ error: `${error.stack}` }),
  )
}
worker.postMessage({ ready: true })
