/** Names and labels that the service accepts, checked before any call; the label by which our resources are known. */
import { randomInt } from 'node:crypto'
import { CloudError } from './error.js'

/** Label of everything that neomesh creates; nothing without it is changed or deleted. */
export const OWNER_LABEL = 'neomesh'
export const OWNER_VALUE = 'tpu'
/** Label with the name of the TPU or of the training run that a resource belongs to. */
export const RUN_LABEL = 'neomesh-run'

export type Labels = Readonly<Record<string, string>>

/** The labels of a resource of ours. */
export function ourLabels(run: string, more: Labels = {}): Labels {
  return { ...more, [OWNER_LABEL]: OWNER_VALUE, [RUN_LABEL]: run }
}

export function isOurs(labels: Labels | null | undefined): boolean {
  return labels?.[OWNER_LABEL] === OWNER_VALUE
}

/** Throws CloudError unless the service takes the name of a TPU; `limit` leaves room for what is added to it. */
export function checkName(name: string, limit = 63): void {
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name) || name.length > limit)
    throw new CloudError(
      'usage',
      `name must be at most ${limit} lower-case letters, digits and "-", beginning with a letter and not ending with "-" (got "${name}"). Choose another one`,
    )
}

/** Throws CloudError unless the service takes a label. */
export function checkLabel(key: string, value: string): void {
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(key) || !/^[a-z0-9_-]{0,63}$/.test(value))
    throw new CloudError(
      'usage',
      `label must be key=value of lower-case letters, digits, "_" and "-", at most 63 each (got "${key}=${value}"). Change it`,
    )
  if (key === OWNER_LABEL || key === RUN_LABEL)
    throw new CloudError(
      'usage',
      `label must not be ${key}, which neomesh sets itself (got "${key}=${value}"). Use another key`,
    )
}

/** Throws CloudError unless it can be the id of a project. */
export function checkProject(project: string): void {
  if (!/^([a-z][a-z0-9.]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(project))
    throw new CloudError(
      'usage',
      `project must be a project's id of 6 to 30 lower-case letters, digits and "-" (got "${project}"). List yours: gcloud projects list`,
    )
}

const LETTERS = 'bcdfghjkmnpqrstvwxz23456789'

/** The name of a run: some words, then letters that make it unique. */
export function newRunId(words: string): string {
  const base = words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 24)
    .replace(/-+$/, '')
  const letters = Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return `${base || 'run'}-${letters}`
}
