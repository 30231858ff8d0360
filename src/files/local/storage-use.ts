import { statfs } from 'node:fs/promises'

export interface StorageUse {
  /** Bytes in use. */
  readonly used: number
  /** Bytes that there are. */
  readonly quota: number
}

/** The file system of the current folder; null if the system does not say. */
export async function storageUse(): Promise<StorageUse | null> {
  const found = await statfs('.').catch(() => undefined)
  if (found === undefined) return null
  const { bsize, blocks, bavail } = found
  return { used: (blocks - bavail) * bsize, quota: blocks * bsize }
}
