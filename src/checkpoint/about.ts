import { z } from 'zod'
import type { ModelConfig } from '../config/index.js'

/** What every manifest states of the checkpoint, beside its files and variables. */
export const aboutFields = {
  /** Training steps done. */
  step: z.number().int().min(0),
  /** Tokens trained on. */
  tokens: z.number().int().min(0),
  config: z.record(z.string(), z.unknown()),
  /** sha256 of the tokenizer.json that the data was made with, if known. */
  tokenizer: z.string().optional(),
  /** Identity of the training data (src/data/read/identity.ts), if known. */
  data: z.string().optional(),
  /** Samples read of that data, where that is not step * train_batch_size: settings changed. */
  position: z.number().int().min(0).optional(),
  /** Where only adapters are saved: the model that they are of, by its path, and a digest of its files. */
  base: z.strictObject({ path: z.string(), sha256: z.string() }).optional(),
  /** Step at which the optimizer's state began, where that is not 0. */
  optimizer_start: z.number().int().min(0).optional(),
} as const

/** What a manifest states beside files and variables. */
export type CheckpointAbout = Omit<z.infer<z.ZodObject<typeof aboutFields>>, 'config'> & {
  readonly config: ModelConfig
}

/** A record without the keys that are undefined. */
export function defined<T extends object>(of: T): Partial<T> {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as Partial<T>
}
