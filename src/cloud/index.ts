/** TPUs of Google Cloud: creating, listing, using, training on and deleting them. See docs/tpu.md. */
export {
  acceleratorOf,
  FACTS,
  FACTS_AS_OF,
  type Accelerator,
  type Facts,
  type GenerationFacts,
} from './accelerators.js'
export { createTpu, deleteTpu, WAIT_MINUTES, type CreateTpuOptions, type DeleteTpuOptions, type Tpu } from './create.js'
export { describeTpu } from './describe.js'
export { CloudError, type CloudErrorKind } from './error.js'
export { describeTpuEvent, type OnTpuEvent, type TpuEvent } from './events.js'
export { readFacts } from './facts-file.js'
export { costOf, listTpus, type ListedTpu, type ListTpusOptions } from './list.js'
export { dryCreate, dryProject, dryTrain, type DryCreateOptions } from './dry-run.js'
export { checkTpuOptions, limitOf, MAX_HOURS, type Target, type Tier, type TpuOptions } from './request.js'
export { ENDPOINT } from './service/endpoint.js'
export { openTpuService, type ServiceOptions } from './service/google.js'
export { type Node, type QueuedResource, type TpuService } from './service/types.js'
export { type TimeLimit } from './workers/dead-man.js'
export { startStandIn, type StandIn, type StandInOptions } from './stand-in/service.js'
export type { StandInScript } from './stand-in/state.js'
export { localKey } from './workers/keys.js'
export { runOnTpu, sshCommand, type RunOnTpuOptions, type WorkerResult } from './workers/run.js'
export {
  attachTpu,
  offerFor,
  trainOnTpu,
  type AttachTpuOptions,
  type Offer,
  type TrainedOnTpu,
  type TrainOnTpuOptions,
} from './run/train.js'
