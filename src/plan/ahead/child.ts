/**
 * The process that compiles: XLA takes gigabytes and minutes, writes to stderr, and crashes its process on some programs.
 * It receives one request as a message and sends one answer; see compile.ts.
 */
import { findPlugin, nameOf } from '../../engine/xla/discovery.js'
import {
  Client,
  createTopology,
  loadPlugin,
  PjrtError,
  type CompiledProgram,
  type Executable,
} from '../../engine/xla/pjrt/index.js'
import { collectivesOf } from '../hlo/collectives.js'
import { cyclesOf } from '../hlo/cycles.js'
import { executionsOf } from '../hlo/executions.js'
import { productFlops } from '../hlo/flops.js'
import { readHlo } from '../hlo/module.js'
import { endWithParent, PARENT } from '../../files/index.js'
import { sizeOf } from '../../tensor/index.js'
import type { CompileAnswer, CompiledFacts, CompileRequest } from './request.js'

await endWithParent(Number(process.env[PARENT]))
process.once('message', (request: CompileRequest) => {
  void answer(request)
    .catch((error: Error): CompileAnswer => ({ kind: 'failed', message: error.message }))
    .then((result) => process.send!(result, () => process.exit()))
})

// The parent has gone. process.exit would wait for the compiler's threads.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))

async function answer({ text, mesh, on, keep }: CompileRequest): Promise<CompileAnswer> {
  const partitions = sizeOf(mesh)
  const plugin = findPlugin(on.platform)
  const compiler = nameOf(plugin)
  const start = performance.now()
  const cpuStart = process.cpuUsage()
  const seconds = () => (performance.now() - start) / 1000
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage(cpuStart)
    return (user + system) / 1e6
  }
  let available: number | null = null
  try {
    let program: CompiledProgram | Executable
    if (on.platform !== 'cpu') {
      const topology = createTopology(loadPlugin(plugin.path), on.name, on.options)
      // The CUDA plugin says what a card has, not what its client takes of it.
      if (on.platform === 'tpu') available = topology.devices[0].attributes.device_memory_bytes_limit as number
      program = await topology.compile(text, { partitions })
    } else {
      const client = await Client.create(loadPlugin(plugin.path), { cpu_device_count: partitions })
      program = await client.compile(text, { partitions, overrides: keep ? {} : QUICK })
    }
    return {
      kind: 'compiled',
      facts: { compiler, seconds: seconds(), cpuSeconds: cpuSeconds(), available, ...factsOf(program, mesh, keep) },
    }
  } catch (error) {
    if (!(error instanceof PjrtError) || error.code !== 'RESOURCE_EXHAUSTED') throw error
    return { kind: 'outOfMemory', message: error.detail, available, seconds: seconds() }
  }
}

/** For code that is not run; the optimized program is the same. */
const QUICK = { xla_llvm_disable_expensive_passes: true, xla_backend_optimization_level: 0 }

function factsOf(program: CompiledProgram | Executable, mesh: CompileRequest['mesh'], keep: boolean) {
  const module = readHlo(program.optimizedProgram())
  const executions = executionsOf(module)
  const costs = program.costAnalysis()
  return {
    memory: program.memoryStats(),
    flops: productFlops(executions),
    cycles: cyclesOf(module, executions),
    costs: costs && {
      flops: costs.flops,
      'bytes accessed': costs['bytes accessed'],
      optimal_seconds: costs.optimal_seconds,
    },
    collectives: collectivesOf(executions, mesh),
    unknownLoops: executions.unknownLoops,
    executable: keep ? program.serialize() : null,
  } satisfies Omit<CompiledFacts, 'compiler' | 'seconds' | 'cpuSeconds' | 'available'>
}
