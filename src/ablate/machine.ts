import { machine, runtime } from '../runtime/index.js'
import type { Engine, MemoryUse } from '../engine/index.js'

/** The machine of a measurement. */
export interface Machine {
  /** Platform, devices, version of the plugin. */
  readonly engine: string
  /** `cpu`, `cuda`, `tpu`. */
  readonly platform: string
  readonly cpu: string
  /** Cores that this process may use. */
  readonly cores: number
  /** Bytes; 0 if unknown. */
  readonly memory: number
  readonly os: string
  readonly node: string
  readonly neomesh: string
}

export function describeMachine(engine: Engine): Machine {
  const { cpu, cores, memory, os } = machine()
  return {
    engine: engine.description,
    platform: engine.platform,
    cpu,
    cores,
    memory: memory ?? 0,
    os,
    node: runtime.version,
    neomesh: runtime.packageVersion,
  }
}

/** What times depend on, in one line. */
export function nameOf({ engine, cpu, cores }: Machine): string {
  return `${engine}; ${cores} cores of ${cpu}`
}

/** Bytes that a program needs on the device: arguments, results and temporaries; null if the engine does not report it. */
export function bytesNeeded(use: MemoryUse | null): number | null {
  return use && use.arguments + use.outputs - use.aliased + use.temporaries
}
