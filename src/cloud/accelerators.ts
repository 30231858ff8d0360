/** What of TPUs has to be known before a call: types, the software image of each, and zones. */
import { topologyOf, TopologyError, type Topology } from '../plan/index.js'
import { CloudError } from './error.js'

/** Month in which the tables below were entered. */
export const FACTS_AS_OF = '2026-11'

/** Generations that the Cloud TPU API creates, with what decides about them. */
export interface GenerationFacts {
  /** Runtime version: the image of the VMs. */
  readonly runtime: string
  /** Zones in which some size of it exists. */
  readonly zones: readonly string[]
  /** List price on demand, US dollars per chip and hour; an upper bound where the price depends on the zone. */
  readonly price: number
}

export type Facts = Readonly<Record<string, GenerationFacts>>

/**
 * Zones: docs.cloud.google.com/tpu/docs/regions-zones. Runtime versions: docs.cloud.google.com/tpu/docs/runtimes. Prices
 * are approximate: the highest on-demand list prices among the regions, entered without access to the price list. Spot and
 * committed use cost less. cloud.google.com/tpu/pricing has today's, which a file can name (--prices).
 */
export const FACTS: Facts = {
  v2: {
    runtime: 'tpu-ubuntu2204-base',
    zones: ['us-central1-a', 'us-central1-b', 'us-central1-c', 'europe-west4-a', 'asia-east1-c'],
    price: 1.125,
  },
  v3: { runtime: 'tpu-ubuntu2204-base', zones: ['us-central1-a', 'us-central1-b', 'europe-west4-a'], price: 2 },
  v4: { runtime: 'tpu-ubuntu2204-base', zones: ['us-central2-b'], price: 3.22 },
  v5e: {
    runtime: 'v2-alpha-tpuv5-lite',
    zones: [
      'us-central1-a',
      'us-south1-a',
      'us-west1-c',
      'us-west4-a',
      'us-west4-b',
      'us-east1-c',
      'us-east5-b',
      'europe-west4-b',
    ],
    price: 1.56,
  },
  v5p: { runtime: 'v2-alpha-tpuv5', zones: ['us-central1-a', 'us-east5-a', 'europe-west4-b'], price: 4.2 },
  v6e: {
    runtime: 'v2-alpha-tpuv6e',
    zones: [
      'us-central1-b', 'us-east1-d', 'us-east5-a', 'us-east5-b', 'us-south1-ai1b', 'us-central1-ai1', 'europe-west4-a',
      'asia-northeast1-b', 'southamerica-west1-a',
    ], // prettier-ignore
    price: 2.97,
  },
}

export interface Accelerator {
  readonly topology: Topology
  readonly facts: GenerationFacts
  /** Virtual machines of the slice. */
  readonly workers: number
  /** US dollars per hour, on demand. */
  readonly pricePerHour: number
}

/** The TPU of a name, such as `v5litepod-8`. Throws CloudError for unknown ones, and those that the API does not create. */
export function acceleratorOf(type: string, facts: Facts = FACTS): Accelerator {
  const topology = knownTopology(type)
  const { generation } = topology.chip
  const found = facts[generation]
  if (!found)
    throw new CloudError(
      'usage',
      `TPU type must be of ${Object.keys(facts).join(', ')} (got "${type}"). ${generation} is created with Google Kubernetes Engine or Compute Engine`,
    )
  return { topology, facts: found, workers: topology.hosts, pricePerHour: found.price * topology.chips }
}

function knownTopology(type: string): Topology {
  try {
    const topology = topologyOf(type)
    // The API knows v5litepod-8 only under this name.
    return { ...topology, name: topology.name.replace(/^v5e-/, 'v5litepod-') }
  } catch (error) {
    if (error instanceof TopologyError) throw new CloudError('usage', error.message.replace(/^topology/, 'TPU type'))
    throw error
  }
}

/** Throws CloudError if a type is not offered in a zone, as far as the tables know. */
export function checkZone(zone: string, type: string, facts: Facts = FACTS): void {
  if (!/^[a-z]+-[a-z]+\d+-[a-z]+\d*[a-z]?$/.test(zone))
    throw new CloudError(
      'usage',
      `zone must be written like us-west4-a (got "${zone}"). List zones with: neomesh tpu zones ${type}`,
    )
  const { facts: found, topology } = acceleratorOf(type, facts)
  if (!found.zones.includes(zone))
    throw new CloudError(
      'usage',
      `zone must be one of ${found.zones.join(', ')} for ${topology.name} (got "${zone}"). If Google has added a zone, list it in a file for --prices`,
    )
}
