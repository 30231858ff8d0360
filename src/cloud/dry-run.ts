/** What would be called and run, without doing it. */
import { nodeSpecOf, queuedSpecOf, validFor, type Target, type TpuOptions } from './request.js'
import { RUN_LABEL } from './names.js'
import { offerFor, stateOf, type TrainOnTpuOptions } from './run/train.js'
import { limitsOf } from './run/state.js'
import { queuedRequest } from './service/messages.js'
import type { TimeLimit } from './workers/dead-man.js'
import { localKey, remoteUser } from './workers/keys.js'
import { pollScript, PREPARE, quote, setupScript, startScript } from './workers/scripts.js'
import { sshOptions, type Worker } from './workers/ssh.js'

export interface DryCreateOptions {
  readonly project: string
  readonly target: Target
  /** Name of the run, for the label. */
  readonly run: string
  readonly sshKey?: string
  readonly limit: TimeLimit
  /** Seconds to wait for a TPU. */
  readonly waitSeconds: number
}

/** The call that creates a TPU, as text. */
export function dryCreate(options: TpuOptions, { waitSeconds, ...given }: DryCreateOptions): string {
  const { project, target } = given
  const context = { ...given, validFor: validFor(waitSeconds) }
  const parent = `projects/${project}/locations/${target.zone}`
  const request =
    target.kind === 'queued'
      ? queuedRequest(parent, target.name, queuedSpecOf(options, context), target.requestId)
      : { parent, nodeId: target.name, node: nodeSpecOf(options, context) }
  const method = target.kind === 'queued' ? 'CreateQueuedResource' : 'CreateNode'
  return `google.cloud.tpu.v2.Tpu.${method} ${JSON.stringify(request, null, 2)}`
}

/** The calls that look, and that delete. */
export function dryCall(method: string, project: string, { kind, zone, name }: Target): string {
  const collection = kind === 'queued' ? 'queuedResources' : 'nodes'
  const force = kind === 'queued' && method.startsWith('Delete') ? ' force' : ''
  return `google.cloud.tpu.v2.Tpu.${method}${kind === 'queued' ? 'QueuedResource' : 'Node'} projects/${project}/locations/${zone}/${collection}/${name}${force}`
}

/** The project of a dry run, which does not sign in. */
export function dryProject(project?: string): string {
  return project ?? process.env.GOOGLE_CLOUD_PROJECT ?? 'PROJECT'
}

/** Everything that training on a TPU would call and run, in order, as text. */
export async function dryTrain(options: TrainOnTpuOptions): Promise<string> {
  const project = dryProject(options.project)
  const { state, specOf } = await dryState(options, project)
  const [zone] = options.zones
  const target = {
    kind: options.request ?? ('queued' as const),
    zone,
    name: `${state.id}-1`,
    requestId: '(a random UUID)',
  }
  const worker: Worker = {
    index: 0,
    of: 1,
    address: '(address of each worker)',
    alias: `neomesh.${zone}.${target.name}.0`,
  }
  const at = ['ssh', ...sshOptions(worker), `${remoteUser()}@${worker.address}`].map(quote).join(' ')
  const copies = ['(the packed package)', ...state.copy, 'config.json'].map(
    (path) => `scp -q -r ${path} ${remoteUser()}@${worker.address}:neomesh/`,
  )
  const parts = [
    `# the state of the run, before each creation: ${state.id}.json in the user's cache folder`,
    dryCall('Get', project, target),
    specOf(target),
    '# until it is READY and HEALTHY; after a failure it is deleted, and the next zone is tried',
    dryCall('Get', project, target),
    dryCall('Get', project, { ...target, kind: 'node' }),
    '# on each worker',
    `${at} ${quote(PREPARE)}`,
    ...copies,
    `${at} 'sh -s' <<'END'\n${setupScript('(checksum of the package)')}END`,
    `${at} 'sh -s' <<'END'\n${startScript(`${target.name}.1`, state.args)}END`,
    '# every few seconds, until it has ended on all workers',
    `${at} ${quote(pollScript(0))}`,
    dryCall('Get', project, { ...target, kind: 'node' }),
    '# at the end, after a failure, or after Ctrl-C',
    dryCall('Delete', project, target),
    `google.cloud.tpu.v2.Tpu.ListNodes projects/${project}/locations/- (none may have the label ${RUN_LABEL}=${state.id})`,
    `google.cloud.tpu.v2.Tpu.ListQueuedResources projects/${project}/locations/- (the same)`,
  ]
  return `${parts.join('\n')}\n`
}

async function dryState(options: TrainOnTpuOptions, project: string) {
  const state = await stateOf(options, await offerFor(options), project)
  const sshKey = await localKey({ make: false })
  const given = { project, run: state.id, sshKey, ...limitsOf(state) }
  return { state, specOf: (target: Target) => dryCreate(state.tpu, { ...given, target }) }
}
