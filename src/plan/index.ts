export { LIMITS, PlanError, type Limits } from './ahead/limits.js'
export type { Advice } from './advice.js'
export { CHIPS, type Chip } from './chips.js'
export type { Choice } from './choices.js'
export { flopsFormula, type LayerCosts, type Variable } from '../model/index.js'
export { costsOf, type ModelCosts } from './costs.js'
export { CARDS, type Card } from './gpu/cards.js'
export { clusterOf, type GpuCluster } from './gpu/cluster.js'
export { cpuDevices, gpus, hardwareOf, tpuSlice, type Hardware } from './hardware.js'
export type { Collective } from './hlo/collectives.js'
export { plan, type Plan, type PlanOptions } from './plan.js'
export {
  profileProgram,
  type Peaks,
  type Profile,
  type ProfiledOperation,
  type ProfileOptions,
} from './profile/profile.js'
export type { OperationKind } from './profile/describe.js'
export type { Time } from './profile/run.js'
export { profileTable } from './profile/table.js'
export { searchLayouts, type Found, type SearchOptions, type SearchResult } from './search.js'
export type { Estimate } from './static/estimate.js'
export { topologiesOf, topologyOf, TopologyError, type Topology } from './topology.js'
export type { StepTime } from './step-time.js'
export type { XlaPlan } from './xla-plan.js'
