import { randomUUID } from 'node:crypto'
import { acquire } from './acquire.js'
import { CloudError, kindOf } from './error.js'
import type { OnTpuEvent } from './events.js'
import { checkName } from './names.js'
import { findOurs, removeTarget, targetsOf, notOurs } from './remove.js'
import { checkTpuOptions, limitOf, MAX_HOURS, type Target, type TpuOptions } from './request.js'
import { openStateIfAny, settle, type StateFile } from './run/state.js'
import { openTpuService, type ServiceOptions } from './service/google.js'
import type { Node, TpuService } from './service/types.js'

export interface CreateTpuOptions extends TpuOptions, ServiceOptions {
  readonly name: string
  /** Minutes to wait in one zone. @default 60 */
  readonly waitMinutes?: number
  /** Public ssh key as `USER:ssh-rsa ...`. */
  readonly sshKey?: string
  readonly onEvent?: OnTpuEvent
  /** A connection to use; closed by the caller. */
  readonly service?: TpuService
}

/** A TPU that is ready. */
export interface Tpu {
  readonly name: string
  readonly zone: string
  readonly node: Node
}

export const WAIT_MINUTES = 60

/**
 * Creates a TPU in the first of the zones that has one, and waits until it is ready. It deletes itself after `maxHours`. When
 * it is interrupted or fails, nothing is left.
 * @throws CloudError
 */
export async function createTpu(options: CreateTpuOptions): Promise<Tpu> {
  const { name, onEvent, signal, maxHours = MAX_HOURS, waitMinutes = WAIT_MINUTES } = options
  checkName(name)
  checkTpuOptions(options)
  return withService(options, async (service) => {
    let last: Target | undefined
    try {
      const { target, node } = await acquire(service, {
        tpu: options,
        run: name,
        sshKey: options.sshKey,
        limit: limitOf(maxHours),
        waitSeconds: waitMinutes * 60,
        nextTarget: async (zone) => (last = { kind: options.request ?? 'queued', zone, name, requestId: randomUUID() }),
        onEvent,
        signal,
      })
      onEvent?.({ kind: 'ready', name, zone: target.zone, workers: node.networkEndpoints.length })
      return { name, zone: target.zone, node }
    } catch (error) {
      if (last && kindOf(error) !== 'not-ours') await removeTarget(service, last, onEvent)
      throw error
    }
  })
}

export interface DeleteTpuOptions extends ServiceOptions {
  /** Name of a TPU, of a request or of a training run. Undefined with `all`. */
  readonly name?: string
  /** @default all zones are searched */
  readonly zone?: string
  /** Everything that neomesh created in the project. @default false */
  readonly all?: boolean
  readonly onEvent?: OnTpuEvent
  readonly service?: TpuService
}

/**
 * Deletes TPUs of neomesh, and returns when a list of all zones shows that nothing of them is left. Returns what it deleted.
 * @throws CloudError `busy` for a training run that a process follows; `not-found`; `not-ours` for what neomesh did not create; `left-over`
 */
export async function deleteTpu(options: DeleteTpuOptions): Promise<readonly Target[]> {
  const { name } = options
  const file = name === undefined ? null : await openStateIfAny(name)
  try {
    return await withService(options, (service) => deleteAll(service, options, file))
  } finally {
    await file?.release()
  }
}

async function deleteAll(
  service: TpuService,
  { name, zone, all = false, onEvent }: DeleteTpuOptions,
  file: StateFile | null,
): Promise<readonly Target[]> {
  // What a process that died has just asked for may not be listed yet.
  for (const attempt of file?.state.attempts ?? []) await settle(service, attempt)
  const ours = targetsOf(await findOurs(service))
  const ofRun = name === undefined ? [] : targetsOf(await findOurs(service, name))
  const wanted = ours.filter(
    (target) =>
      (all || target.name === name || ofRun.some((each) => each.name === target.name && each.zone === target.zone)) &&
      (zone === undefined || target.zone === zone),
  )
  if (wanted.length === 0 && name !== undefined && file === null) await refuseOther(service, name, zone)
  for (const target of wanted) await removeTarget(service, target, onEvent)
  const left = targetsOf(await findOurs(service)).filter(
    (target) => all || wanted.some((each) => each.name === target.name && each.zone === target.zone),
  )
  if (left.length > 0)
    throw new CloudError(
      'left-over',
      `"${left[0].name}" in ${left[0].zone} must be deleted, and is not. Run the command again`,
    )
  const now = Date.now() / 1000
  const attempts = file?.state.attempts.map((each) => ({ ...each, goneAt: each.goneAt ?? now }))
  if (file && file.state.phase !== 'trained') await file.update({ attempts, phase: 'failed', error: 'it was deleted' })
  return wanted
}

/** Throws the error for a name that is nothing of neomesh's. */
async function refuseOther(service: TpuService, name: string, zone = '-'): Promise<never> {
  const others = [...(await service.listNodes(zone)), ...(await service.listQueuedResources(zone))]
  const other = others.find((each) => each.name.endsWith(`/${name}`))
  if (other) throw notOurs(name, /locations\/([^/]+)/.exec(other.name)?.[1] ?? zone)
  const where = zone === '-' ? 'any zone' : zone
  throw new CloudError(
    'not-found',
    `there is no TPU, request or run "${name}" of neomesh in ${where}. List them: neomesh tpu list --all-zones`,
  )
}

/** Runs work with the service of the options, or with a new connection that is closed afterwards. */
export async function withService<T>(
  options: ServiceOptions & { readonly service?: TpuService },
  work: (service: TpuService) => Promise<T>,
): Promise<T> {
  if (options.service) return work(options.service)
  const service = await openTpuService(options)
  try {
    return await work(service)
  } finally {
    await service.close()
  }
}
