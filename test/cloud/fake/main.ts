/**
 * `make fake-cloud`: the stand-in of the Cloud TPU service, started by hand. It prints the variables for a shell in which
 * `neomesh tpu` talks to it. SCRIPT=file.json says what goes wrong: {"creations": ["stockout", "ready"], "quota": {"us-west4-a": 4},
 * "calls": [{"call": "CreateNode", "code": 7, "message": "..."}], "latency": 100, "pace": 1000}.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findPlugin } from '../../../src/engine/index.js'
import { startFakeCloud } from './service.js'
import type { FakeScript } from './state.js'

const { SCRIPT } = process.env
const script = SCRIPT ? (JSON.parse(readFileSync(SCRIPT, 'utf8')) as Partial<FakeScript>) : {}
const folder = mkdtempSync(join(tmpdir(), 'neomesh-cloud-'))
const cloud = await startFakeCloud({
  folder,
  script: { pace: 1000, sshDelay: 1000, ...script },
  workerEnvironment: { PJRT_PLUGIN_LIBRARY_PATH: findPlugin('cpu').path },
})
const { NEOMESH_TPU_ENDPOINT, GOOGLE_CLOUD_PROJECT } = cloud.environment
console.log(`A stand-in of the Cloud TPU service runs. In another shell:

  export NEOMESH_TPU_ENDPOINT=${NEOMESH_TPU_ENDPOINT} GOOGLE_CLOUD_PROJECT=${GOOGLE_CLOUD_PROJECT} PATH=${cloud.workers.bin}:$PATH
  npx neomesh tpu create mine --tpu v5litepod-8 --zone us-west4-a

Commands here: preempt, list, calls, quit (or Ctrl-C).`)

async function end(): Promise<void> {
  await cloud.close()
  rmSync(folder, { recursive: true, force: true })
  process.exit()
}

process.on('SIGINT', () => void end())
process.on('SIGTERM', () => void end())
createInterface({ input: process.stdin }).on('line', (line) => {
  const command = line.trim()
  if (command === 'preempt') console.log(cloud.preempt().join('\n') || 'nothing is ready')
  else if (command === 'list') console.log(cloud.ours().join('\n') || 'nothing')
  else if (command === 'calls') console.log(cloud.calls.slice(-20).join('\n'))
  else if (command === 'quit') void end()
  else if (command !== '') console.log('preempt, list, calls or quit')
})
setInterval(() => {}, 60_000)
