/** Checkpoints: variables under GPT-Neo's names, a manifest, and the folders of a run's steps. */
export {
  checkpointFolder,
  checkpointSteps,
  findCheckpoint,
  openCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
  type Checkpoint,
  type CheckpointAbout,
  type Manifest,
  type SavedVariable,
  type SaveOptions,
} from './checkpoint.js'
