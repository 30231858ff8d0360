/** Notifications of changed files, for the file browser of a page: between all tabs and workers of the site. */
import { databaseName } from './entries.js'

const newChannel = () => new BroadcastChannel(`${databaseName()} files`)
let channel: ReturnType<typeof newChannel> | undefined

/** Reports paths that were made, changed or removed here. */
export function announce(...paths: string[]): void {
  channel ??= newChannel()
  channel.postMessage(paths)
}

/** Calls `listener` with the paths that other tabs and workers changed. Returns a function that ends it. */
export function onChange(listener: (paths: readonly string[]) => void): () => void {
  const listening = newChannel()
  listening.onmessage = ({ data }: { data?: unknown }) => listener(data as string[])
  return () => listening.close()
}
