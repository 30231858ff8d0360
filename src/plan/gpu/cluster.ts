import { TopologyError } from '../topology.js'
import { CARDS, type Card } from './cards.js'

/** GPUs on one or more hosts. */
export interface GpuCluster {
  /** For example `h100-8`, `a100-40gb-16`. */
  readonly name: string
  readonly card: Card
  readonly cards: number
  readonly hosts: number
}

/** More than the largest clusters have; XLA's time and memory grow with it. */
const LARGEST = 65_536

/** How clusters are named. */
const clusterNames: readonly string[] = CARDS.map(({ name }) => `${name}-N`)

/**
 * The cluster of a name: a card and how many of them, on hosts of 8 (of 4 for gb200). Throws TopologyError for a card that
 * is not known, and for a number that does not fill its hosts.
 */
export function clusterOf(name: string): GpuCluster {
  const [, spelling, digits] = /^([a-z0-9-]+)-(\d+)$/.exec(name.trim().toLowerCase()) ?? []
  const card: Card | undefined = CARDS.find((each) => each.name === spelling)
  if (!card) {
    const known = choices(name)
    const tpu = known.length === clusterNames.length ? ', or a TPU slice like v3-8' : ''
    throw new TopologyError(
      `topology must be one of ${known.join(', ')} (got "${name}"). Write it like ${known[0].replace('N', '8')}${tpu}`,
    )
  }
  const cards = Number(digits)
  const { host } = card
  if (cards < 1 || cards > LARGEST || (cards > host && cards % host !== 0)) {
    const filled = Math.min(LARGEST, Math.max(1, Math.ceil(cards / host)) * host)
    throw new TopologyError(
      `topology must have 1 to ${host} GPUs, or hosts of ${host} up to ${LARGEST} GPUs (got "${name}"). Use ${card.name}-${filled}`,
    )
  }
  return { name: `${card.name}-${cards}`, card, cards, hosts: Math.ceil(cards / host) }
}

/** Clusters that a wrong name may mean: those whose card begins as it does, or all. */
function choices(name: string): readonly string[] {
  const [begin = ''] = /^[a-z]+\d*/.exec(name.trim().toLowerCase()) ?? []
  const near = clusterNames.filter((each) => begin !== '' && each.startsWith(begin))
  return near.length > 0 ? near : clusterNames
}

/** Whether a name is a GPU's rather than a TPU's. */
export function namesGpu(name: string): boolean {
  return !/^(v\d|tpu)/i.test(name.trim())
}
