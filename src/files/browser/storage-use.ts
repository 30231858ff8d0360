/** How much the browser stores for the site, and the error when that is full. */
import { FileError } from '../error.js'

export interface StorageUse {
  /** Bytes in use by this site, approximately. */
  readonly used: number
  /** Bytes that the browser allows, approximately. */
  readonly quota: number
}

interface StorageManager {
  estimate(): Promise<{ usage?: number; quota?: number }>
}

/** Null where the browser does not say: pages that are not served over https or from localhost. */
export async function storageUse(): Promise<StorageUse | null> {
  const { storage } = (globalThis as unknown as { navigator: { storage?: StorageManager } }).navigator
  const { usage, quota } = (await storage?.estimate()) ?? {}
  return usage === undefined || quota === undefined ? null : { used: usage, quota }
}

/** A FileError in one line for an error of a full storage; other errors unchanged. */
export async function asStorageError(path: string, cause: unknown): Promise<unknown> {
  if (!(cause instanceof Error) || cause.name !== 'QuotaExceededError') return cause
  const use = await storageUse().catch(() => null)
  const show = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  const got = use === null ? '' : ` (${show(use.used)} of ${show(use.quota)} used)`
  const message = `cannot write ${path}: the browser's storage for this site is full${got}. Download runs that you want to keep, then remove some (ENOSPC)`
  return new FileError(message, path, 'ENOSPC', { cause })
}
