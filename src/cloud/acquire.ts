/** Getting a TPU in one of several zones, in spite of stock-outs and failed creations. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CloudError, isLoss, isOfZone, kindOf } from './error.js'
import type { OnTpuEvent } from './events.js'
import { isOurs, RUN_LABEL } from './names.js'
import { labelsOf, notOurs, removeTarget } from './remove.js'
import { nodeSpecOf, queuedSpecOf, validFor, type SpecContext, type Target, type TpuOptions } from './request.js'
import { pauseOf } from './service/retry.js'
import type { Node, TpuService } from './service/types.js'
import type { TimeLimit } from './workers/dead-man.js'
import { waitUntilReady } from './wait.js'

export interface AcquireOptions {
  readonly tpu: TpuOptions
  readonly run: string
  readonly sshKey?: string
  readonly limit: TimeLimit
  /** Seconds to wait in one zone. */
  readonly waitSeconds: number
  /** The resource of the next attempt; recorded before it is created, so that it can be found if this process dies. */
  nextTarget(zone: string): Promise<Target>
  /** Called when a resource is known to be gone. */
  onGone?(target: Target): Promise<void>
  readonly onEvent?: OnTpuEvent
  readonly signal?: AbortSignal
}

/** Seconds of the first pause after no zone had capacity, and of the longest. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [30, 600]
const ROUNDS = 12

/**
 * Tries the zones in their order until one gives a TPU that is ready. What failed is deleted at once, since it holds quota.
 * Zones without quota or access are tried once, as are those in which the time to wait has passed.
 */
export async function acquire(service: TpuService, options: AcquireOptions): Promise<{ target: Target; node: Node }> {
  const { onEvent, signal } = options
  const open = new Set(options.tpu.zones)
  const reasons = new Map<string, CloudError>()
  let losses = 0
  for (let round = 1; ; round++) {
    for (const zone of [...open]) {
      const target = await options.nextTarget(zone)
      try {
        return { target, node: await createAndWait(service, target, options) }
      } catch (error) {
        signal?.throwIfAborted()
        if (kindOf(error) === 'not-ours') throw error
        await removeTarget(service, target, onEvent)
        await options.onGone?.(target)
        if (!(error instanceof CloudError) || !(isOfZone(error) || isLoss(error))) throw error
        reasons.set(zone, error)
        onEvent?.({ kind: 'no-capacity', zone, reason: error.message })
        // A request that lapsed has lost its place in the queue; one loss after another is no accident.
        if (['quota', 'zone', 'waited'].includes(error.kind) || (isLoss(error) && ++losses === 3)) open.delete(zone)
      }
    }
    if (open.size === 0 || round === ROUNDS) throw noZone(reasons)
    const seconds = pauseOf(round, FIRST_PAUSE, LONGEST_PAUSE) * (service.isLocal ? 0.0003 : 1)
    onEvent?.({ kind: 'pause', seconds, reason: `no TPU in ${[...open].join(', ')}` })
    await sleep(seconds * 1000, undefined, { signal })
  }
}

function noZone(reasons: ReadonlyMap<string, CloudError>): CloudError {
  const all = [...reasons.values()]
  if (all.length === 1) return all[0]
  const list = [...reasons].map(([zone, { message }]) => `${zone}: ${message}`).join('; ')
  return new CloudError(all.at(-1)!.kind, `no zone gave a TPU: ${list}`)
}

/** Creates a resource unless it exists, and waits for it. */
export async function createAndWait(service: TpuService, target: Target, options: AcquireOptions): Promise<Node> {
  const { onEvent, signal, tpu } = options
  const { name, zone } = target
  const operation = await createUnlessThere(service, target, options, () =>
    onEvent?.({ kind: 'create', name, zone, type: tpu.type }),
  )
  return waitUntilReady(service, target, { operation, seconds: options.waitSeconds, onEvent, signal })
}

async function createUnlessThere(
  service: TpuService,
  target: Target,
  options: AcquireOptions,
  onCreate: () => void,
): Promise<string | undefined> {
  const { tpu, run, sshKey, limit, signal } = options
  const { kind, zone, name, requestId } = target
  const context: SpecContext = {
    project: service.project,
    run,
    target,
    limit,
    sshKey,
    validFor: validFor(options.waitSeconds),
  }
  for (let attempt = 1; ; attempt++) {
    if (await isThere(service, target, run)) return undefined
    if (attempt === 1) onCreate()
    try {
      return kind === 'queued'
        ? await service.createQueuedResource(zone, name, queuedSpecOf(tpu, context), requestId)
        : await service.createNode(zone, name, nodeSpecOf(tpu, context))
    } catch (error) {
      // The answer to a creation that succeeded may have been lost: look before it is sent again.
      if (!['unavailable', 'rate', 'exists'].includes(kindOf(error)) || attempt === 6) throw error
      await sleep(pauseOf(attempt) * (service.isLocal ? 0.01 : 1), undefined, { signal })
    }
  }
}

/** Whether the resource exists. Throws CloudError if it is another's. */
async function isThere(service: TpuService, { kind, zone, name }: Target, run: string): Promise<boolean> {
  const found = kind === 'queued' ? await service.getQueuedResource(zone, name) : await service.getNode(zone, name)
  if (found === null) {
    // A request for a node whose name is taken would end with the other's node.
    if (kind === 'queued' && (await service.getNode(zone, name))) throw notOurs(name, zone)
    return false
  }
  const labels = 'nodes' in found ? labelsOf(found) : (found.labels ?? {})
  if (!isOurs(labels)) throw notOurs(name, zone)
  if (labels[RUN_LABEL] !== run)
    throw new CloudError(
      'not-ours',
      `"${name}" in ${zone} exists, and belongs to ${labels[RUN_LABEL]}. Choose another name`,
    )
  return true
}
