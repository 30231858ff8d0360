import { parseMesh } from '../../mesh/index.js'
import type { ModelConfig } from '../../config/index.js'
import { basename, isCloudPath, isFolder, resolve } from '../../files/index.js'
import { plan, tpuSlice, type Plan } from '../../plan/index.js'
import { bytes } from '../../text/index.js'
import { acceleratorOf } from '../accelerators.js'
import { WAIT_MINUTES, withService } from '../create.js'
import { CloudError } from '../error.js'
import type { OnTpuEvent } from '../events.js'
import { checkName, newRunId } from '../names.js'
import { checkTpuOptions, MAX_HOURS, type TpuOptions } from '../request.js'
import type { ServiceOptions } from '../service/google.js'
import type { TpuService } from '../service/types.js'
import { drive, removeAll, type Driven } from './drive.js'
import { costSoFar, createState, isOpen, listStates, openState, type RunState } from './state.js'

export interface TrainOnTpuOptions extends TpuOptions, ServiceOptions {
  readonly config: ModelConfig
  /** Run folder: in a bucket, or on a file system that all workers have under this path. */
  readonly run: string
  /** Data set: in a bucket, or a local folder that is copied to the workers. */
  readonly data: string
  /** Further arguments of `neomesh train`. */
  readonly args?: readonly string[]
  /** Words for the name of the run. @default the run folder's */
  readonly name?: string
  /** US dollars by the list price. @default no limit but the hours */
  readonly maxCost?: number
  /** Minutes to wait in one zone. @default 60 */
  readonly waitMinutes?: number
  /** Keeps the TPU at the end. @default false */
  readonly keep?: boolean
  /** Is shown the plan and the price before anything is created; false ends it. */
  readonly confirm?: (offer: Offer) => Promise<boolean>
  readonly onEvent?: OnTpuEvent
  /** Leaves everything as it is when it is aborted, for `attachTpu`. */
  readonly detach?: AbortSignal
  readonly service?: TpuService
}

export interface Offer {
  readonly plan: Plan
  readonly workers: number
  readonly pricePerHour: number
  readonly maxHours: number
  /** US dollars that it can cost at most. */
  readonly maxCost: number
}

export interface TrainedOnTpu extends Driven {
  /** Label and name of everything that was created, and of the state file. */
  readonly id: string
  /** US dollars by the list price on demand. */
  readonly cost: number
  readonly run: string
}

/**
 * Trains on a TPU that is created for it and deleted afterwards. The step is planned first; what does not fit is refused.
 * Preemption, stock-outs and dead workers are survived: training resumes from the last checkpoint of the run.
 * @throws CloudError, LayoutError, ConfigError
 */
export async function trainOnTpu(options: TrainOnTpuOptions): Promise<TrainedOnTpu> {
  const offer = await offerFor(options)
  if (options.confirm && !(await options.confirm(offer))) throw new CloudError('usage', 'nothing was created')
  return withService(options, async (service) => {
    const file = await createState(await stateOf(options, offer, service.project))
    try {
      const driven = await drive(service, file, options)
      return { ...driven, id: file.state.id, cost: costSoFar(file.state), run: file.state.run }
    } finally {
      await file.release()
    }
  })
}

export interface AttachTpuOptions extends ServiceOptions {
  /** Id of the run. @default the only one that is not finished */
  readonly id?: string
  readonly onEvent?: OnTpuEvent
  readonly detach?: AbortSignal
  readonly service?: TpuService
}

/** Follows a run that another process began, and takes it to its end. Throws CloudError. */
export async function attachTpu(options: AttachTpuOptions): Promise<TrainedOnTpu> {
  const file = await openState(options.id ?? (await onlyRun()))
  try {
    const { project } = file.state
    return await withService({ ...options, project }, async (service) => {
      const { id, phase, run } = file.state
      if (phase === 'kept')
        throw new CloudError(
          'usage',
          `the run "${id}" is trained, and its TPU is kept. Delete it: neomesh tpu delete ${id}`,
        )
      if (phase === 'deleting' || phase === 'failed' || phase === 'trained') {
        await removeAll(service, file, options.onEvent)
        if (phase === 'deleting') await file.update({ phase: file.state.error === undefined ? 'trained' : 'failed' })
        options.onEvent?.({ kind: 'clean', run: id, cost: costSoFar(file.state) })
        if (file.state.error !== undefined)
          throw new CloudError('training', `the run "${id}" has failed: ${file.state.error}`)
        return { outcome: 'trained', id, cost: costSoFar(file.state), run }
      }
      const driven = await drive(service, file, options)
      return { ...driven, id, cost: costSoFar(file.state), run }
    })
  } finally {
    await file.release()
  }
}

async function onlyRun(): Promise<string> {
  const open = (await listStates()).filter((state) => isOpen(state) && state.phase !== 'kept')
  if (open.length === 1) return open[0].id
  const those = open.map(({ id }) => id).join(', ')
  throw new CloudError(
    'usage',
    open.length === 0
      ? 'there is no unfinished run on a TPU. List what exists: neomesh tpu list --mine'
      : `a run must be named (there are ${those}). Pass one of them`,
  )
}

/** Checks the options before any call, and plans the step. */
export async function offerFor(options: TrainOnTpuOptions): Promise<Offer> {
  const { config, type, maxHours = MAX_HOURS, maxCost } = options
  checkTpuOptions(options)
  await checkPaths(options)
  if (maxCost !== undefined && !(maxCost > 0))
    throw new CloudError('usage', `the cost limit must be a number of US dollars > 0 (got ${maxCost}). Set --max-cost`)
  const { topology, workers, pricePerHour } = acceleratorOf(type, options.facts)
  const planned = await plan(config, { hardware: tpuSlice(topology.name), compile: false, signal: options.signal })
  if (planned.fits === false) throw doesNotFit(planned)
  return {
    plan: planned,
    workers,
    pricePerHour,
    maxHours,
    maxCost: Math.min(maxCost ?? Infinity, maxHours * pricePerHour),
  }
}

async function checkPaths({ run, data, name }: TrainOnTpuOptions): Promise<void> {
  if (name !== undefined) checkName(name, 50)
  if (!isCloudPath(run) && !run.startsWith('/'))
    throw new CloudError(
      'usage',
      `the run folder must be in a bucket, gs://BUCKET/PATH, or an absolute path of a file system that all workers have (got "${run}"). Change --run`,
    )
  if (!isCloudPath(data) && !(await isFolder(data)))
    throw new CloudError(
      'usage',
      `the data must be in a bucket or a folder of \`neomesh data prepare\` (got "${data}"). Change --data`,
    )
}

function doesNotFit({ estimate, hardware, advice }: Plan): CloudError {
  const changes = advice.map(
    ({ keys, total }) =>
      `${Object.entries(keys)
        .map(([key, value]) => `${key}=${value}`)
        .join(' with ')} (${bytes(total)})`,
  )
  const help =
    changes.length > 0
      ? `Set ${changes.join(', or ')}, with --override`
      : 'Use a larger type, or another mesh and layout: neomesh plan --search'
  return new CloudError(
    'usage',
    `a training step must fit into the ${bytes(hardware.memory!)} of a device of ${hardware.name} (it needs ${bytes(estimate.memory.total)}). ${help}`,
  )
}

/** The state of a new run. */
export async function stateOf(options: TrainOnTpuOptions, offer: Offer, project: string): Promise<RunState> {
  const { config, run, data, args = [], keep = false, waitMinutes = WAIT_MINUTES } = options
  const local = !isCloudPath(data)
  const now = Date.now() / 1000
  const mesh = parseMesh(config.mesh_shape).size > 1 ? ['--mesh', config.mesh_shape] : []
  const { type, zones, tier, reservation, request, runtime, network, subnetwork, internalIp, serviceAccount, tags, labels, disks, maxHours, facts } = options // prettier-ignore
  return {
    version: 1,
    id: options.name ?? newRunId(basename(run)),
    project,
    tpu: { type, zones, tier, reservation, request, runtime, network, subnetwork, internalIp, serviceAccount, tags, labels, disks, maxHours, facts }, // prettier-ignore
    args: ['train', 'config.json', '--run', run, '--data', local ? basename(resolve(data)) : data, ...mesh, ...args],
    config: `${JSON.stringify(config, null, 2)}\n`,
    copy: local ? [resolve(data)] : [],
    run,
    startedAt: now,
    deadline: now + offer.maxHours * 3600,
    maxCost: options.maxCost ?? null,
    pricePerHour: offer.pricePerHour,
    waitSeconds: waitMinutes * 60,
    keep,
    attempts: [],
    starts: 1,
    phase: 'running',
  }
}
