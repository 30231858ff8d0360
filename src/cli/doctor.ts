import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { arch, cpus, platform as system, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { findPlugin, PLATFORMS, PluginNotFoundError, UNTESTED, type Platform } from '../engine/index.js'
import { PARENT } from '../files/index.js'
import { findNative } from '../engine/tfjs/native.js'
import { openEngine, withEngine, type EngineName, type EngineOptions } from './engine.js'
import { bytes } from './progress.js'
import { selfTest, type SelfTest } from './self-test.js'
import { textTable } from '../text/table.js'

interface Choice {
  readonly engine: EngineName
  readonly device?: Platform
}

interface Finding extends Choice {
  /** Of what is there but not known to work, which is tried only when asked for: untested. */
  readonly state: 'works' | 'fails' | 'missing' | 'untested'
  /** The package or file that it comes from, with its version. */
  readonly from: string | null
  /** The file of a plugin. */
  readonly path: string | null
  readonly test: SelfTest | null
  /** Of what fails the error, of what is missing how to add it. */
  readonly remark: string | null
}

const CHOICES: readonly Choice[] = [
  ...PLATFORMS.map((device) => ({ engine: 'xla' as const, device })),
  { engine: 'host' },
  { engine: 'tfjs-node' },
  { engine: 'tfjs-node-gpu' },
]
/** How long an engine may take, in ms. A TPU plugin looks for its machine for a while. */
const PATIENCE = 90_000
const launcher = fileURLToPath(new URL('../../../bin/neomesh.mjs', import.meta.url))

export function doctorCommand(version: string): Command {
  return withEngine(
    new Command('doctor')
      .description('what there is to run programs on this machine, whether it works, and what is missing')
      .option('--json', 'for programs: everything found, as JSON')
      .action(async (options: EngineOptions & { json?: boolean }) => {
        if (options.engine !== undefined || options.device !== undefined) await testOne(options, options.json === true)
        else await lookAround(version, options.json === true)
      }),
  )
}

/** Tests an engine in this process. */
async function testOne(options: EngineOptions, json: boolean): Promise<void> {
  const engine = await openEngine(options)
  try {
    const test = await selfTest(engine)
    process.stdout.write(json ? `${JSON.stringify(test)}\n` : `${show(test)}\n`)
  } finally {
    await engine.close()
  }
}

/** Tests every engine there is, each in a process of its own: a library that does not suit a machine may take it along. */
async function lookAround(version: string, json: boolean): Promise<void> {
  const found: Finding[] = []
  for (const choice of CHOICES) found.push(await examine(choice)) // one after the other: each measures its speed
  const machine = {
    neomesh: version,
    node: process.versions.node,
    system: `${system()} ${arch()}`,
    processors: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: totalmem(),
    python: findPython(),
  }
  const usual = found.find(({ state, engine, device = 'cpu' }) => state === 'works' && isUsual(engine, device)) ?? null
  if (!found.some(({ state }) => state === 'works')) process.exitCode = 1
  if (json) {
    const answer = { ...machine, engines: found, default: usual?.engine ?? null }
    process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
    return
  }
  process.stdout.write(
    `neomesh ${version}, Node ${machine.node} on ${machine.system}\n` +
      `${machine.processors}, ${bytes(machine.memory)} of memory\n` +
      `Python: ${machine.python ?? 'none (needed only to fetch a PJRT plugin and the texts of the demo)'}\n\n` +
      textTable([['engine', '', ''], ...found.map(row)]) +
      found.map(({ from, path }) => (path ? `\nplugin of ${from}: ${path}\n` : '')).join('') +
      (usual ? `\nWithout --engine and --device: ${usual.engine}\n` : '\nNothing works here.\n'),
  )
}

/** Engines that are taken without being named, best first. */
const isUsual = (engine: EngineName, device: Platform) => engine === 'host' || (engine === 'xla' && device === 'cpu')

function row({ engine, device, state, from, test, remark }: Finding): string[] {
  const name = engine === 'xla' ? `${engine} --device ${device}` : engine
  return [name, state, test ? show(test) : `${state === 'fails' ? `${from}: ` : ''}${remark}`]
}

function show({ description, memory, gigaflops }: SelfTest): string {
  const speed = gigaflops < 10 ? gigaflops.toFixed(1) : String(Math.round(gigaflops))
  return `${description}${memory === null ? '' : `, ${bytes(memory)}`}; ${speed} GFLOP/s`
}

async function examine(choice: Choice): Promise<Finding> {
  const there = locate(choice)
  if (there.from === null) return { ...choice, ...there, state: 'missing', test: null }
  const { engine, device } = choice
  if (device !== undefined && UNTESTED.has(device)) {
    const remark = `${there.from}, not known to work: neomesh doctor --device ${device} tries it`
    return { ...choice, ...there, state: 'untested', test: null, remark }
  }
  const args = ['doctor', '--json', '--engine', engine, ...(device === undefined ? [] : ['--device', device])]
  const { status, signal, stdout, stderr } = await runApart(args)
  if (status === 0) return { ...choice, ...there, state: 'works', test: JSON.parse(stdout) as SelfTest }
  const [line] = stderr.trim().split('\n').slice(-1)
  const how = signal ? `ended by ${signal}` : `ended with status ${status}`
  return { ...choice, ...there, state: 'fails', test: null, remark: line?.replace(/^neomesh: /, '') || how }
}

interface Ended {
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of neomesh in another process, which ends with this one. */
function runApart(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL', // a library that is stuck listens to nothing
    env: { ...process.env, [PARENT]: String(process.pid) },
  })
  const out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (out[name] += text))
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve({ status: null, signal: null, stdout: '', stderr: message }))
    child.once('close', (status, signal) => resolve({ status, signal, ...out }))
  })
}

/** What an engine comes from, or how to add it. */
function locate({ engine, device }: Choice): Pick<Finding, 'from' | 'path' | 'remark'> {
  if (engine === 'host') return { from: 'JavaScript', path: null, remark: null }
  if (engine !== 'xla') {
    const name = `@tensorflow/${engine}` as const
    const found = findNative(name)
    return found
      ? { from: `${name} ${found.version}`, path: null, remark: null }
      : { from: null, path: null, remark: `npm install ${name}` }
  }
  try {
    const { package: name, version, path } = findPlugin(device!)
    return { from: name ? `${name} ${version}` : path, path, remark: null }
  } catch (error) {
    if (!(error instanceof PluginNotFoundError)) throw error
    return { from: null, path: null, remark: error.install.replace(/^Install one: /, '') }
  }
}

/** The Python of .venv, or the one on PATH, with its version. */
function findPython(): string | null {
  const ours = ['.venv/bin/python', '.venv/Scripts/python.exe'].filter((path) => existsSync(join(process.cwd(), path)))
  for (const python of [...ours, 'python3', 'python']) {
    const { status, stdout } = spawnSync(python, ['--version'], { encoding: 'utf8', timeout: 10_000 })
    if (status === 0) return `${stdout.trim().replace(/^Python /, '')} (${python})`
  }
  return null
}
