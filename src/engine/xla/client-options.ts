import { EngineError } from '../engine.js'
import type { NamedValue } from './pjrt/index.js'
import type { Platform } from './plugins.js'

/** How much of a card's memory XLA's client takes at its start, by the variables that JAX reads. */
const FRACTION = 'XLA_CLIENT_MEM_FRACTION'
const FORMER_FRACTION = 'XLA_PYTHON_CLIENT_MEM_FRACTION'
const PREALLOCATE = 'XLA_PYTHON_CLIENT_PREALLOCATE'
const ALLOCATOR = 'XLA_PYTHON_CLIENT_ALLOCATOR'
const ALLOCATORS = ['default', 'platform', 'bfc', 'cuda_async']

interface Wanted {
  readonly platform?: Platform
  readonly deviceCount?: number
  readonly client?: Readonly<Record<string, NamedValue>>
}

/**
 * What a plugin's client is made with: the virtual devices of a CPU, the memory of a GPU. Left to itself XLA takes three
 * quarters of a card at once. JAX's variables XLA_CLIENT_MEM_FRACTION (above 0, up to 1), XLA_PYTHON_CLIENT_PREALLOCATE (true,
 * false) and XLA_PYTHON_CLIENT_ALLOCATOR (default, platform, bfc, cuda_async) change that; options given by the caller come
 * before them. Throws EngineError for other values.
 */
export function clientOptions(
  { platform = 'cpu', deviceCount = 1, client = {} }: Wanted,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, NamedValue> {
  if (platform === 'cpu') return { cpu_device_count: deviceCount, ...client }
  if (platform !== 'cuda' && platform !== 'rocm') return { ...client }
  return { ...memoryOptions(environment), ...client }
}

function memoryOptions(environment: Readonly<Record<string, string | undefined>>): Record<string, NamedValue> {
  const options: Record<string, NamedValue> = {}
  const name = environment[FRACTION] === undefined ? FORMER_FRACTION : FRACTION
  const fraction = environment[name]
  if (fraction !== undefined) {
    const value = Number(fraction)
    if (fraction.trim() === '' || !(value > 0 && value <= 1))
      refuse(name, 'a number above 0 and up to 1', fraction, '0.9')
    // A whole number would be sent as an integer, which this option is not.
    options.memory_fraction = value === 1 ? 1 - 2 ** -24 : value
  }
  const preallocate = environment[PREALLOCATE]?.toLowerCase()
  if (preallocate !== undefined) {
    if (!['true', 'false', '1', '0'].includes(preallocate)) refuse(PREALLOCATE, 'true or false', preallocate, 'false')
    options.preallocate = preallocate === 'true' || preallocate === '1'
  }
  const allocator = environment[ALLOCATOR]?.toLowerCase()
  if (allocator !== undefined) {
    if (!ALLOCATORS.includes(allocator)) refuse(ALLOCATOR, `one of ${ALLOCATORS.join(', ')}`, allocator, 'default')
    options.allocator = allocator
  }
  return options
}

function refuse(variable: string, rule: string, value: string, example: string): never {
  throw new EngineError(
    `the environment variable ${variable} must be ${rule} (got ${JSON.stringify(value)}). Set it to ${example}, say, or unset it.`,
  )
}
