/** What is found in a config: problems, which prevent its use, and notes, which its author should know. */
export interface Diagnostics {
  readonly problems: string[]
  readonly notes: string[]
}

/** Keys as written in a file, not yet checked. */
export type RawConfig = Record<string, unknown>

/** An invalid config: every problem at once, each with its key. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  /** `problems` are lines that start with their key; `source` names where the config came from. */
  constructor(
    source: string,
    readonly problems: readonly string[] = [],
  ) {
    super(problems.length === 0 ? source : `${source}: ${listed(problems)}`)
  }
}

function listed(problems: readonly string[]): string {
  if (problems.length === 1) return problems[0]
  return `${problems.length} problems\n${problems.map((line) => `  ${line}`).join('\n')}`
}
