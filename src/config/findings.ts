/** What is found in a config: problems, with which it cannot be used, and notes, which its author should know. */
export interface Findings {
  readonly problems: string[]
  readonly notes: string[]
}

/** Keys as they are written in a file. */
export type Given = Record<string, unknown>
