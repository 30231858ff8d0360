/** What computes logits for the slots of an engine. */
export interface SlotBackend {
  /** Prepares a slot for a prompt. `allLogits`: the logits of every token of the prompt will be needed. */
  begin(slot: number, prompt: readonly number[], allLogits: boolean): Prefill
  /** Logits after one more token of each slot that is listed, in their order; f32 [vocab] each. */
  step(entries: readonly SlotStep[]): Promise<Float32Array[]>
  /** Frees what a slot has; it may be reused. */
  release(slot: number): void
  /** Frees everything. */
  close(): void
}

export interface SlotStep {
  readonly slot: number
  readonly id: number
  /** Of that token. */
  readonly position: number
}

/** A prompt on its way into its slot, a chunk at a time. */
export interface Prefill {
  /** Tokens of the prompt that a cached prefix provides. */
  readonly cached: number
  /** Runs the next chunk. `logits`: of the tokens that it had, if all are needed, and of the last one when it is done. */
  next(): Promise<{ readonly logits: readonly Float32Array[]; readonly done: boolean }>
  /** Frees what is not yet in the slot. */
  cancel(): void
}
