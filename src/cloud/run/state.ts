/**
 * What is known of a training run on TPUs, in a file of the user's cache: enough to find everything again when the process
 * that began it is gone. It is written before each creation. It holds no credentials.
 */
import {
  FileError, isFile, isFolder, join, lockHolder, makeFolder, readFolder, readJson, tryLock, userFolder, writeFileAtomic,
  type Lock,
} from '../../files/index.js' // prettier-ignore
import { CloudError } from '../error.js'
import type { Target, TpuOptions } from '../request.js'
import type { TpuService } from '../service/types.js'
import type { TimeLimit } from '../workers/dead-man.js'

/** A TPU that was, or may have been, created. Times in seconds since 1970. */
export interface Attempt extends Target {
  readonly number: number
  readonly plannedAt: number
  /** When it was first seen ready: from then on it costs. */
  readonly readyAt?: number
  readonly goneAt?: number
}

export type Phase = 'running' | 'deleting' | 'trained' | 'failed' | 'kept'

export interface RunState {
  readonly version: 1
  readonly id: string
  readonly project: string
  readonly tpu: TpuOptions
  /** Arguments of `neomesh` on the workers. */
  readonly args: readonly string[]
  /** The model config as it was, in JSON. */
  readonly config: string
  /** Local folders to copy to workers. */
  readonly copy: readonly string[]
  /** The run folder. */
  readonly run: string
  readonly startedAt: number
  readonly deadline: number
  /** US dollars; null for none. */
  readonly maxCost: number | null
  readonly pricePerHour: number
  readonly waitSeconds: number
  readonly keep: boolean
  readonly attempts: readonly Attempt[]
  /** Starts of training; the number is part of a start's name. */
  readonly starts: number
  readonly phase: Phase
  /** Why it failed. */
  readonly error?: string
}

/** The state of a run, saved at each change. */
export interface StateFile {
  readonly state: RunState
  update(changes: Partial<RunState>): Promise<void>
  updateAttempt(name: string, changes: Partial<Attempt>): Promise<void>
  release(): Promise<void>
}

function folder(): string {
  return join(userFolder(), 'tpu')
}

function pathOf(id: string): string {
  return join(folder(), `${id}.json`)
}

/** Writes the state of a new run, and locks it. Throws CloudError if it is begun and not finished. */
export async function createState(state: RunState): Promise<StateFile> {
  await makeFolder(folder())
  const { id, run, project } = state
  const before = (await listStates()).find(
    (each) => isOpen(each) && each.project === project && (each.id === id || each.run === run),
  )
  if (before)
    throw new CloudError(
      'busy',
      `${run} is trained by the run "${before.id}", which is not finished. Follow it: neomesh tpu attach ${before.id}; or delete it: neomesh tpu delete ${before.id}`,
    )
  const lock = await lockOf(state.id)
  await writeFileAtomic(pathOf(state.id), serialize(state))
  return stateFile(state, lock)
}

/** Opens and locks the state of a run. Throws CloudError if there is none, or another process follows it. */
export async function openState(id: string): Promise<StateFile> {
  if (!(await isFile(pathOf(id)))) throw noState(id)
  const lock = await lockOf(id)
  try {
    return stateFile(await readState(id), lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** The same, or null if there is none. */
export async function openStateIfAny(id: string): Promise<StateFile | null> {
  return (await isFile(pathOf(id))) ? openState(id) : null
}

async function lockOf(id: string): Promise<Lock> {
  const path = join(folder(), `${id}.lock`)
  const lock = await tryLock(path)
  if (lock) return lock
  const { description } = await lockHolder(path)
  throw new CloudError('busy', `the run "${id}" is followed by ${description}. Stop that one first, or let it continue`)
}

function noState(id: string): CloudError {
  return new CloudError(
    'not-found',
    `the run "${id}" must have a state file (none in ${folder()}). List what exists: neomesh tpu list --mine; delete it: neomesh tpu delete ${id}`,
  )
}

/** The state of a run. Throws CloudError for a file that is no state. */
export async function readState(id: string): Promise<RunState> {
  const given = (await readJson(pathOf(id))) as RunState
  if (given?.version !== 1 || given.id !== id || !Array.isArray(given.attempts))
    throw new FileError(
      `${pathOf(id)} must be the state of a run (it is not). Delete the run: neomesh tpu delete ${id}`,
      pathOf(id),
    )
  return given
}

/** Ids of the runs whose state is kept, the newest last. */
export async function listStates(): Promise<RunState[]> {
  if (!(await isFolder(folder()))) return []
  const ids = (await readFolder(folder())).flatMap(({ name }) => /^(.+)\.json$/.exec(name)?.[1] ?? [])
  const all = await Promise.all(ids.map((id) => readState(id).catch(() => null)))
  return all.filter((state) => state !== null).sort((a, b) => a.startedAt - b.startedAt)
}

/** Whether TPUs of a run may exist. */
export function isOpen({ phase }: RunState): boolean {
  return phase === 'running' || phase === 'deleting' || phase === 'kept'
}

function stateFile(initial: RunState, lock: Lock): StateFile {
  let state = initial
  const update = async (changes: Partial<RunState>) => {
    state = { ...state, ...changes }
    await writeFileAtomic(pathOf(state.id), serialize(state))
  }
  return {
    get state() {
      return state
    },
    update,
    updateAttempt: (name, changes) =>
      update({ attempts: state.attempts.map((each) => (each.name === name ? { ...each, ...changes } : each)) }),
    release: () => lock.release(),
  }
}

function serialize(state: RunState): string {
  return `${JSON.stringify(state, null, 2)}\n`
}

/** US dollars so far, by the list price on demand: an upper bound. */
export function costSoFar({ attempts, pricePerHour }: RunState): number {
  const now = Date.now() / 1000
  const seconds = attempts.map(({ readyAt, goneAt }) =>
    readyAt === undefined ? 0 : Math.max(0, (goneAt ?? now) - readyAt),
  )
  return (seconds.reduce((sum, each) => sum + each, 0) / 3600) * pricePerHour
}

/** The attempt that may still exist. */
export function currentAttempt({ attempts }: RunState): Attempt | undefined {
  return attempts.findLast(({ goneAt }) => goneAt === undefined)
}

/** Waits for a creation that a process that died may just have sent: it could appear after a look. */
export async function settle(service: TpuService, { plannedAt, readyAt }: Attempt): Promise<void> {
  if (readyAt !== undefined) return
  const limit = service.isLocal ? 0.3 : 10
  const left = plannedAt + limit - Date.now() / 1000
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(left, limit) * 1000))
}

/** What is left of a run's limits for its next TPU. */
export function limitsOf(state: RunState): { readonly limit: TimeLimit; readonly waitSeconds: number } {
  const { deadline, maxCost, pricePerHour, waitSeconds } = state
  const left = deadline - Date.now() / 1000
  const affordable = maxCost === null ? Infinity : ((maxCost - costSoFar(state)) / pricePerHour) * 3600
  return { limit: { deadline, seconds: Math.min(left, affordable) }, waitSeconds: Math.min(waitSeconds, left) }
}

/** Throws CloudError `limit` when a run has reached its limit of time or cost. */
export function checkLimits({ state }: StateFile): void {
  const { deadline, maxCost, startedAt } = state
  const hours = Math.round(((deadline - startedAt) / 3600) * 100) / 100
  const resume = `The checkpoints are in ${state.run}: run the command again with a larger limit to resume`
  if (Date.now() / 1000 >= deadline)
    throw new CloudError('limit', `training must end within ${hours} h (it has not). ${resume}`)
  if (maxCost !== null && costSoFar(state) >= maxCost)
    throw new CloudError(
      'limit',
      `training must cost at most ${maxCost} USD (it has cost ${costSoFar(state).toFixed(2)}). ${resume}`,
    )
}
