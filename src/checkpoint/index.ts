/** Checkpoints: variables under GPT-Neo's names, a manifest, and the folders of a run's steps. */
export type { CheckpointAbout } from './about.js'
export {
  checkpointFolder,
  checkpointSteps,
  findCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
  type Manifest,
  type SavedVariable,
  type SaveOptions,
} from './checkpoint.js'
export { openCheckpoint, type Checkpoint, type OpenCheckpointOptions } from './open.js'
export type { PartsManifest } from './parts/manifest.js'
export { saveParts, type PartsOptions, type SavedPiece } from './parts/write.js'
