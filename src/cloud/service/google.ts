/**
 * Google's Cloud TPU API v2 through @google-cloud/tpu, which is loaded on first use and signs in with Application Default
 * Credentials. Long-running operations are only looked at, not waited for: the service can leave one unfinished long after
 * its node is ready.
 */
import { classify, type FailureContext } from '../classify.js'
import { CloudError } from '../error.js'
import { checkProject } from '../names.js'
import { endpointOf, type Endpoint } from './endpoint.js'
import { asNode, asQueued, nodeRequest, queuedRequest } from './messages.js'
import { withRetries } from './retry.js'
import type { TpuService } from './types.js'

/** The version that neomesh is tested with. */
export const PACKAGE = '@google-cloud/tpu@3.8.1'

export interface ServiceOptions {
  /** Project id. @default GOOGLE_CLOUD_PROJECT, or that of the credentials */
  readonly project?: string
  /** @default Google's, or NEOMESH_TPU_ENDPOINT on this machine */
  readonly endpoint?: Endpoint
  readonly signal?: AbortSignal
}

/** Connects to the service. Throws CloudError: no package, no credentials, no project. */
export async function openTpuService(options: ServiceOptions = {}): Promise<TpuService> {
  const { endpoint = endpointOf(), signal } = options
  const client = await loadClient(endpoint, options.project)
  const project = options.project ?? process.env.GOOGLE_CLOUD_PROJECT ?? (await projectOf(client, endpoint))
  checkProject(project)
  const at = (zone: string) => `projects/${project}/locations/${zone}`
  const context = (action: string, zone: string): FailureContext => ({ action, project, zone })

  /** One call; failures become CloudErrors. Reads, and calls that are idempotent, are repeated after passing failures. */
  async function call<T>(about: FailureContext, idempotent: boolean, work: () => Promise<T>): Promise<T> {
    const once = () =>
      work().catch((cause: unknown) => {
        throw classify(cause, about)
      })
    return idempotent ? withRetries(once, { signal, isLocal: endpoint.insecure }) : once()
  }

  /** Null if it does not exist. */
  const orNull = <T>(work: Promise<T>): Promise<T | null> =>
    work.catch((error: unknown) => {
      if (error instanceof CloudError && error.kind === 'not-found') return null
      throw error
    })

  const timeout = { timeout: 60_000 }
  return {
    project,
    isLocal: endpoint.insecure,
    createQueuedResource: (zone, name, spec, requestId) =>
      call(context(`request the TPU "${name}" in ${zone}`, zone), true, async () => {
        const request = queuedRequest(at(zone), name, spec, requestId)
        const [operation] = await client.createQueuedResource(request, timeout)
        return operation.name ?? ''
      }),
    getQueuedResource: (zone, name) =>
      orNull(
        call(context(`look up the request "${name}" in ${zone}`, zone), true, async () => {
          const [found] = await client.getQueuedResource({ name: `${at(zone)}/queuedResources/${name}` }, timeout)
          return asQueued(found)
        }),
      ),
    listQueuedResources: (zone) =>
      call(context(`list requests for TPUs${zone === '-' ? '' : ` in ${zone}`}`, zone), true, async () => {
        const [found] = await client.listQueuedResources({ parent: at(zone) }, timeout)
        return found.map(asQueued)
      }),
    deleteQueuedResource: (zone, name, requestId) =>
      call(context(`delete the request "${name}" in ${zone}`, zone), true, async () => {
        const request = { name: `${at(zone)}/queuedResources/${name}`, force: true, requestId }
        await client.deleteQueuedResource(request, timeout)
      }),
    createNode: (zone, name, spec) =>
      call(context(`create the TPU "${name}" in ${zone}`, zone), false, async () => {
        const request = { parent: at(zone), nodeId: name, node: nodeRequest(spec) }
        const [operation] = await client.createNode(request, timeout)
        return operation.name ?? ''
      }),
    getNode: (zone, name) =>
      orNull(
        call(context(`look up the TPU "${name}" in ${zone}`, zone), true, async () => {
          const [found] = await client.getNode({ name: `${at(zone)}/nodes/${name}` }, timeout)
          return asNode(found)
        }),
      ),
    listNodes: (zone) =>
      call(context(`list TPUs${zone === '-' ? '' : ` in ${zone}`}`, zone), true, async () => {
        const [found] = await client.listNodes({ parent: at(zone) }, timeout)
        return found.map(asNode)
      }),
    deleteNode: (zone, name) =>
      call(context(`delete the TPU "${name}" in ${zone}`, zone), true, async () => {
        await client.deleteNode({ name: `${at(zone)}/nodes/${name}` }, timeout)
      }),
    updateMetadata: (zone, name, metadata) =>
      call(context(`add an ssh key to the TPU "${name}" in ${zone}`, zone), true, async () => {
        const request = { node: { name: `${at(zone)}/nodes/${name}`, metadata }, updateMask: { paths: ['metadata'] } }
        await client.updateNode(request, timeout)
      }),
    getOperation: (name) =>
      orNull(
        call(context('look up an operation', ''), true, async () => {
          const [found] = await client.operationsClient.getOperation({ name } as never)
          const { error } = found
          return {
            done: found.done === true,
            error: error ? { code: error.code ?? 2, message: error.message ?? '' } : null,
          }
        }),
      ),
    listAcceleratorTypes: (zone) =>
      call(context(`list the types of TPUs in ${zone}`, zone), true, async () => {
        const [found] = await client.listAcceleratorTypes({ parent: at(zone) }, timeout)
        return found.map(({ type }) => type ?? '')
      }),
    close: () => client.close(),
  }
}

type Client = import('@google-cloud/tpu').v2.TpuClient
type ClientOptions = NonNullable<ConstructorParameters<typeof import('@google-cloud/tpu').v2.TpuClient>[0]>

async function loadClient(endpoint: Endpoint, projectId?: string): Promise<Client> {
  const { v2 } = await importPackage()
  if (!endpoint.insecure) return new v2.TpuClient({ projectId })
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library')
  const options = {
    apiEndpoint: endpoint.host.replace(/^\[|\]$/g, ''),
    port: endpoint.port,
    // No credentials are looked for: they would go out in the clear.
    auth: new GoogleAuth({ authClient: new PassThroughClient(), projectId }) as ClientOptions['auth'],
    sslCreds: (await insecureCredentials()) as ClientOptions['sslCreds'],
    projectId,
  }
  return new v2.TpuClient(options)
}

/** Of the client's own version of gRPC, which takes no others. */
async function insecureCredentials(): Promise<unknown> {
  const { createRequire } = await import('node:module')
  const load = createRequire(createRequire(import.meta.url).resolve('@google-cloud/tpu'))
  const { grpc } = load('google-gax') as { grpc: { credentials: { createInsecure(): unknown } } }
  return grpc.credentials.createInsecure()
}

async function importPackage(): Promise<typeof import('@google-cloud/tpu')> {
  try {
    return await import('@google-cloud/tpu')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause
    throw new CloudError(
      'package',
      `@google-cloud/tpu must be installed to rent a TPU (it is not). Run: npm install ${PACKAGE}`,
    )
  }
}

async function projectOf(client: Client, endpoint: Endpoint): Promise<string> {
  const missing = () =>
    new CloudError('usage', 'a project must be given. Name it with --project, or set GOOGLE_CLOUD_PROJECT')
  if (endpoint.insecure) throw missing()
  try {
    return await client.getProjectId()
  } catch (cause) {
    throw /project id/i.test((cause as Error).message)
      ? missing()
      : classify(cause, { action: 'sign in to Google Cloud', project: '' })
  }
}
