/**
 * The life of a training run on TPUs: get one, set it up, train, and begin again on another one after a loss, until it is
 * trained, fails, or reaches a limit; then delete everything and prove it. Each step looks at what there is, so that a process
 * that takes the run over continues where the last one ended.
 */
import { randomUUID } from 'node:crypto'
import { remove } from '../../files/index.js'
import { acquire, createAndWait, type AcquireOptions } from '../acquire.js'
import { CloudError, isLoss, isOfZone, kindOf } from '../error.js'
import type { OnTpuEvent } from '../events.js'
import { removeRun, removeTarget } from '../remove.js'
import type { Node, TpuService } from '../service/types.js'
import { localKey } from '../workers/keys.js'
import { removePackage } from '../workers/package.js'
import { stopTraining } from './follow.js'
import { checkLimits, costSoFar, currentAttempt, limitsOf, settle, type Attempt, type StateFile } from './state.js'
import { filesOf, LOSSES, trainOn, type Context } from './train-on.js'

export interface DriveOptions {
  readonly onEvent?: OnTpuEvent
  /** Stops: training saves, then everything is deleted. */
  readonly signal?: AbortSignal
  /** Leaves everything as it is, to be followed again. */
  readonly detach?: AbortSignal
}

export interface Driven {
  readonly outcome: 'trained' | 'detached'
}

/** Runs to the end. Throws CloudError for what failed, after everything is deleted; AbortError after `signal`. */
export async function drive(service: TpuService, file: StateFile, options: DriveOptions): Promise<Driven> {
  const { onEvent, signal, detach } = options
  const stop = AbortSignal.any([signal, detach].filter((each) => each !== undefined))
  const context: Context = { service, file, onEvent, stop, packed: undefined, losses: 0, reached: false }
  let failure: unknown
  try {
    await trainToTheEnd(context)
    onEvent?.({ kind: 'trained', run: file.state.run })
  } catch (error) {
    failure = error
    if (detach?.aborted) return { outcome: 'detached' }
    if (stop.aborted) await stopCurrent(context).catch(() => {})
  }
  await finish(context, failure)
  if (failure !== undefined) throw failure
  return { outcome: 'trained' }
}

/** Deletes what was rented, or keeps the last TPU; then the run's state says how it ended. */
async function finish({ service, file, onEvent }: Context, failure: unknown): Promise<void> {
  const { id, keep } = file.state
  const error = failure === undefined ? undefined : String((failure as Error).message)
  const last = currentAttempt(file.state)
  // What stopped for its limits is not kept.
  if (keep && last && (failure === undefined || kindOf(failure) === 'training')) {
    onEvent?.({ kind: 'kept', name: last.name, zone: last.zone })
    await file.update({ phase: 'kept', error })
  } else {
    await file.update({ phase: 'deleting', error })
    await removeAll(service, file, onEvent)
    await file.update({ phase: failure === undefined ? 'trained' : 'failed' })
    onEvent?.({ kind: 'clean', run: id, cost: costSoFar(file.state) })
  }
  await removePackage(id)
  await remove(filesOf(id))
}

/** Deletes everything of a run: what the state knows, and what a list shows. */
export async function removeAll(service: TpuService, file: StateFile, onEvent?: OnTpuEvent): Promise<void> {
  for (const attempt of file.state.attempts) {
    if (attempt.goneAt !== undefined) continue
    await settle(service, attempt)
    await removeTarget(service, attempt, onEvent)
    await file.updateAttempt(attempt.name, { goneAt: Date.now() / 1000 })
  }
  await removeRun(service, file.state.id, onEvent)
}

async function trainToTheEnd(context: Context): Promise<void> {
  const { service, file, onEvent } = context
  for (;;) {
    checkLimits(file)
    try {
      const { attempt, node } = await getTpu(context)
      if (await trainOn(context, attempt, node)) return
    } catch (error) {
      context.stop.throwIfAborted()
      checkLimits(file)
      const last = currentAttempt(file.state)
      // Where no worker has ever been reached, another TPU would not be either.
      const unreached = kindOf(error) === 'ssh' && !context.reached
      if (last === undefined || unreached || !(isLoss(error) || kindOf(error) === 'ssh')) throw error
      onEvent?.({ kind: 'lost', name: last.name, reason: (error as Error).message })
      context.training = undefined
      await removeTarget(service, last, onEvent)
      await file.updateAttempt(last.name, { goneAt: Date.now() / 1000 })
      if (++context.losses > LOSSES) throw error
    }
  }
}

/** The TPU of the run that exists, or a new one. */
async function getTpu(context: Context): Promise<{ attempt: Attempt; node: Node }> {
  const { file, service, onEvent } = context
  const { id, tpu } = file.state
  const options: AcquireOptions = {
    tpu,
    run: id,
    sshKey: await localKey({ make: true }),
    ...limitsOf(file.state),
    async nextTarget(zone) {
      const number = file.state.attempts.length + 1
      const target = {
        kind: tpu.request ?? ('queued' as const),
        zone,
        name: `${id}-${number}`,
        requestId: randomUUID(),
      }
      await file.update({ attempts: [...file.state.attempts, { ...target, number, plannedAt: Date.now() / 1000 }] })
      return target
    },
    onGone: ({ name }) => file.updateAttempt(name, { goneAt: Date.now() / 1000 }),
    onEvent,
    signal: context.stop,
  }
  const known = currentAttempt(file.state)
  const node = known ? await takeOver(context, known, options) : null
  const got = node ? { target: known!, node } : await acquire(service, options)
  const attempt = file.state.attempts.find(({ name }) => name === got.target.name)!
  if (attempt.readyAt === undefined) await file.updateAttempt(attempt.name, { readyAt: Date.now() / 1000 })
  onEvent?.({ kind: 'ready', name: attempt.name, zone: attempt.zone, workers: got.node.networkEndpoints.length })
  return { attempt, node: got.node }
}

/** The node of an attempt that an earlier process began; null if it came to nothing, and is gone. */
async function takeOver(
  { service, file, onEvent }: Context,
  attempt: Attempt,
  options: AcquireOptions,
): Promise<Node | null> {
  await settle(service, attempt)
  if (attempt.readyAt !== undefined && (await service.getNode(attempt.zone, attempt.name)) === null)
    throw new CloudError('vanished', `"${attempt.name}" in ${attempt.zone} does not exist any more. Create it again`)
  try {
    return await createAndWait(service, attempt, options)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (!isOfZone(error)) throw error
    onEvent?.({ kind: 'no-capacity', zone: attempt.zone, reason: (error as Error).message })
    await removeTarget(service, attempt, onEvent)
    await file.updateAttempt(attempt.name, { goneAt: Date.now() / 1000 })
    return null
  }
}

async function stopCurrent({ training, service }: Context): Promise<void> {
  if (training) await stopTraining(training.workers, training.start, service.isLocal)
}
