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
import { selfTest, type SelfTest } from './self-test.js'
import { bytes, textTable } from '../text/index.js'

interface Choice {
  readonly engine: EngineName
  readonly device?: Platform
}

interface Finding extends Choice {
  /** `untested`: found, but not known to work; tried only on request. */
  readonly state: 'works' | 'fails' | 'missing' | 'untested'
  /** The package or file of the engine, with its version. */
  readonly from: string | null
  /** The file of a plugin. */
  readonly path: string | null
  readonly test: SelfTest | null
  /** The error of what fails; how to install what is missing. */
  readonly remedy: string | null
}

const CHOICES: readonly Choice[] = [
  ...PLATFORMS.map((device) => ({ engine: 'xla' as const, device })),
  { engine: 'host' },
  { engine: 'tfjs-node' },
  { engine: 'tfjs-node-gpu' },
]
/** Time limit of an engine's test, in ms. A TPU plugin searches for its machine for a while. */
const TIME_LIMIT = 90_000
const launcher = fileURLToPath(new URL('../../../bin/neomesh.mjs', import.meta.url))

export function doctorCommand(version: string): Command {
  return withEngine(
    new Command('doctor')
      .description('check which engines work here, and how to install missing ones')
      .option('--json', 'print everything found as JSON')
      .action(async (options: EngineOptions & { json?: boolean }) => {
        if (options.engine !== undefined || options.device !== undefined) await testOne(options, options.json === true)
        else await testAll(version, options.json === true)
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

/** Tests every engine in a separate process: an incompatible library can crash its process. */
async function testAll(version: string, json: boolean): Promise<void> {
  const found: Finding[] = []
  for (const choice of CHOICES) found.push(await examine(choice)) // sequentially: each measures its speed
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
    // `remark` is the field's name of earlier versions.
    const answer = {
      ...machine,
      engines: found.map((each) => ({ ...each, remark: each.remedy })),
      default: usual?.engine ?? null,
    }
    process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
    return
  }
  process.stdout.write(
    `neomesh ${version}, Node ${machine.node} on ${machine.system}\n` +
      `${machine.processors}, ${bytes(machine.memory)} of memory\n` +
      `Python: ${machine.python ?? 'none (needed only to fetch a PJRT plugin and the texts of the demo)'}\n\n` +
      textTable([['engine', '', ''], ...found.map(row)]) +
      found.map(({ from, path }) => (path ? `\nplugin of ${from}: ${path}\n` : '')).join('') +
      (usual ? `\nWithout --engine and --device: ${usual.engine}\n` : '\nNo working engine found.\n'),
  )
}

/** Engines that are used by default, best first. */
const isUsual = (engine: EngineName, device: Platform) => engine === 'host' || (engine === 'xla' && device === 'cpu')

function row({ engine, device, state, from, test, remedy }: Finding): string[] {
  const name = engine === 'xla' ? `${engine} --device ${device}` : engine
  return [name, state, test ? show(test) : `${state === 'fails' ? `${from}: ` : ''}${remedy}`]
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
    const remedy = `${there.from}, not known to work: neomesh doctor --device ${device} tries it`
    return { ...choice, ...there, state: 'untested', test: null, remedy }
  }
  const args = ['doctor', '--json', '--engine', engine, ...(device === undefined ? [] : ['--device', device])]
  const { status, signal, stdout, stderr } = await runInSubprocess(args)
  if (status === 0) return { ...choice, ...there, state: 'works', test: JSON.parse(stdout) as SelfTest }
  const [line] = stderr.trim().split('\n').slice(-1)
  const how = signal ? `ended by ${signal}` : `ended with status ${status}`
  return { ...choice, ...there, state: 'fails', test: null, remedy: line?.replace(/^neomesh: /, '') || how }
}

interface Ended {
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of neomesh in another process, which ends with this one. */
function runInSubprocess(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME_LIMIT,
    killSignal: 'SIGKILL', // a hanging library handles no signals
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

/** The package of an engine, or how to install it. */
function locate({ engine, device }: Choice): Pick<Finding, 'from' | 'path' | 'remedy'> {
  if (engine === 'host') return { from: 'JavaScript', path: null, remedy: null }
  if (engine !== 'xla') {
    const name = `@tensorflow/${engine}` as const
    const found = findNative(name)
    return found
      ? { from: `${name} ${found.version}`, path: null, remedy: null }
      : { from: null, path: null, remedy: `npm install ${name}` }
  }
  try {
    const { package: name, version, path } = findPlugin(device!)
    return { from: name ? `${name} ${version}` : path, path, remedy: null }
  } catch (error) {
    if (!(error instanceof PluginNotFoundError)) throw error
    return { from: null, path: null, remedy: error.install.replace(/^Install one: /, '') }
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
