import { withService } from './create.js'
import { CloudError } from './error.js'
import type { ServiceOptions } from './service/google.js'
import { both } from './service/retry.js'
import { partsOf, type Node, type QueuedResource, type TpuService } from './service/types.js'

export interface DescribeTpuOptions extends ServiceOptions {
  readonly name: string
  /** @default all zones are searched */
  readonly zone?: string
  readonly service?: TpuService
}

/** All that the service reports about a TPU and its request, of neomesh or not. Throws CloudError if there is none. */
export async function describeTpu(
  options: DescribeTpuOptions,
): Promise<{ readonly node: Node | null; readonly queued: QueuedResource | null }> {
  const { name, zone = '-' } = options
  return withService(options, async (service) => {
    const [nodes, queued] = await both(service.listNodes(zone), service.listQueuedResources(zone))
    const request = queued.find((each) => partsOf(each.name).id === name) ?? null
    const node = nodes.find((each) => partsOf(each.name).id === (request?.nodes[0]?.nodeId ?? name)) ?? null
    if (node === null && request === null)
      throw new CloudError(
        'not-found',
        `there is no TPU "${name}" in ${zone === '-' ? 'any zone' : zone}. List them: neomesh tpu list --all-zones`,
      )
    return { node, queued: request }
  })
}
