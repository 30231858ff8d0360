/** Training on one TPU: setting its workers up, starting the same command on all, and again if a process dies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join, makeFolder, userFolder, writeFileAtomic } from '../../files/index.js'
import { CloudError, kindOf } from '../error.js'
import type { OnTpuEvent } from '../events.js'
import type { Node, TpuService } from '../service/types.js'
import { packPackage } from '../workers/package.js'
import { checkThere } from '../workers/reach.js'
import { lastLine } from '../workers/run.js'
import { startScript } from '../workers/scripts.js'
import { setupWorkers } from '../workers/setup.js'
import { isUnreachable, ssh, sshError, workersOf, type Worker } from '../workers/ssh.js'
import { follow, isStarted, stopTraining } from './follow.js'
import { checkLimits, type Attempt, type StateFile } from './state.js'

/** Losses without a checkpoint in between after which it is given up. */
export const LOSSES = 5

/** Attempts at a run folder that is locked, and milliseconds between them. */
const LOCKED = 12
const LOCK_PAUSE = 15_000

/** What the steps of a run share. */
export interface Context {
  readonly service: TpuService
  readonly file: StateFile
  readonly onEvent?: OnTpuEvent
  readonly stop: AbortSignal
  /** Losses since the last checkpoint. */
  losses: number
  /** Whether any worker was ever reached. */
  reached: boolean
  packed: Awaited<ReturnType<typeof packPackage>> | undefined
  /** Where training runs now. */
  training?: { readonly workers: readonly Worker[]; readonly start: string }
}

/** Sets the workers up and trains; again on the same TPU if a process dies. Returns whether training is completed. */
export async function trainOn(context: Context, attempt: Attempt, node: Node): Promise<boolean> {
  const { service, file, onEvent, stop } = context
  const { state } = file
  const workers = workersOf(node, state.tpu.internalIp)
  const { isLocal } = service
  const check = async () => {
    checkLimits(file)
    await checkThere(service, node)
  }
  // Files that training reads are not copied again while it runs.
  if (!(await isStarted(workers, `${attempt.name}.${state.starts}`, stop))) {
    context.packed ??= await packPackage(state.id)
    const copy = [await writeConfig(state.id, state.config), ...state.copy]
    await setupWorkers(workers, { package: context.packed, copy, isLocal, signal: stop, onEvent, check })
  }
  context.reached = true
  let failures = 0
  let locked = 0
  const pause = isLocal ? 1000 : LOCK_PAUSE
  for (;;) {
    const start = `${attempt.name}.${file.state.starts}`
    await startTraining(workers, start, state.args, stop)
    context.training = { workers, start }
    onEvent?.({ kind: 'start', workers: workers.length })
    const onSaved = () => void (context.losses = 0)
    let ended
    try {
      ended = await follow(workers, { start, isLocal, onEvent, onSaved, signal: stop, check })
    } catch (error) {
      if (kindOf(error) === 'limit') await stopTraining(workers, start, isLocal).catch(() => {})
      throw error
    }
    if (ended.kind === 'done') return true
    await check()
    const what =
      ended.kind === 'lost' ? 'ended without a status' : `failed with status ${ended.status}${lastLine(ended.tail)}`
    // An error of the program comes again; what a signal ended does not, and neither does what came after a checkpoint.
    if (/\bis locked by\b/.test(ended.tail) && locked++ < LOCKED) {
      // The lock of a process that died expires in a bucket after 90 seconds.
      onEvent?.({
        kind: 'note',
        text: `${ended.tail.replace(/^neomesh: /, '').replace(/[.\s]+$/, '')}; trying again in ${pause / 1000} s`,
      })
      await sleep(pause, undefined, { signal: stop })
      await file.update({ starts: file.state.starts + 1 })
      continue
    }
    const again = ended.kind === 'lost' || ended.status! > 128 || ended.progressed
    failures = ended.progressed ? 1 : failures + 1
    if (!again || failures > LOSSES)
      throw new CloudError(
        'training',
        `training on worker ${ended.worker} ${what}. Correct the cause, then run the command again to resume`,
      )
    onEvent?.({
      kind: 'note',
      text: `training on worker ${ended.worker} ${what}; starting it again from the last checkpoint`,
    })
    await file.update({ starts: file.state.starts + 1 })
  }
}

/** The same command on every worker. */
async function startTraining(
  workers: readonly Worker[],
  start: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const results = await Promise.all(
    workers.map((worker) => ssh(worker, 'sh -s', { input: startScript(start, args), signal })),
  )
  for (const [k, result] of results.entries()) {
    if (isUnreachable(result)) throw sshError(workers[k], result)
    if (result.status !== 0)
      throw new CloudError(
        'setup',
        `training must start on worker ${k} (status ${result.status}${lastLine(result.stderr)}). Look at the worker: neomesh tpu ssh`,
      )
  }
}

/** The folder of the files that are copied to workers. */
export function filesOf(id: string): string {
  return join(userFolder(), 'tpu', `${id}.files`)
}

/** The model config for the workers, as a file to copy. */
async function writeConfig(id: string, config: string): Promise<string> {
  await makeFolder(filesOf(id))
  const path = join(filesOf(id), 'config.json')
  await writeFileAtomic(path, config)
  return path
}
