/** What would be called and run, without doing it. */
import { MAX_HOURS, nodeSpecOf, queuedSpecOf, type Target, type TpuOptions } from './request.js'
import { queuedRequest } from './service/google.js'

/** The call that creates a TPU, as text. */
export function dryCreate(options: TpuOptions, project: string, target: Target, run: string, sshKey?: string): string {
  const { maxHours = MAX_HOURS } = options
  const context = { project, run, target, deadline: Date.now() / 1000 + maxHours * 3600, sshKey }
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
