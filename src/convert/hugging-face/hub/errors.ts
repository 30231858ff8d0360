/** What goes wrong on the way to the hub, and what to do. */
import { FileError } from '../../../files/index.js'

/** Codes of Node's network errors, and of timeouts in fetch. */
const NETWORK =
  /^(E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|NETUNREACH|PIPE|PROTO)|UND_ERR_\w+|CERT_\w+|\w+_CERT\w*)$/

/** The network error code of a failed fetch; undefined for other errors. */
export function networkCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException
    if (code !== undefined && NETWORK.test(code)) return code
    if (at.message === 'terminated' || at.message === 'fetch failed') {
      const inner = networkCode(at.cause)
      return inner ?? at.message
    }
  }
  // The client passes on the message alone where a stream breaks.
  return error === 'fetch failed' || error === 'terminated' ? error : undefined
}

/** Runs requests about a repository; what fails is a FileError with a remedy. The signal's reason passes. */
export async function withHubErrors<T>(
  what: { readonly name: string; readonly revision?: string; readonly hubUrl: string; readonly writes?: boolean },
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof FileError) throw cause
    throw new FileError(describe(what, cause), what.name, undefined, { cause })
  }
}

function describe(
  { name, revision = 'main', hubUrl, writes = false }: Parameters<typeof withHubErrors>[0],
  cause: unknown,
): string {
  const code = networkCode(cause)
  const folder = `the folder ${name} does not exist`
  if (code !== undefined)
    return writes
      ? `cannot reach ${hubUrl} (${code}). Check the network, or export to a folder with --out and upload that`
      : `${folder}, and ${hubUrl} cannot be reached (${code}). Check the path or the network, or download the model ` +
          `elsewhere with hf download ${name} --local-dir FOLDER and import that folder`
  const { statusCode: status, message } = cause as { statusCode?: number; message?: string }
  if (status === 401 || status === 403)
    return writes
      ? `${hubUrl} must let this token write to ${name} (it refuses: ${status}). Set HF_TOKEN to one with write access`
      : `${folder}, and ${hubUrl} has no such model, or it is not open to you (${status}). Check the name; for a private ` +
          'or gated model set HF_TOKEN'
  if (status === 404)
    return `${folder}, and ${hubUrl} has no such model with revision ${revision} (404). Check the name and --revision`
  if (status === 429) return `${hubUrl} refuses more requests for now (429). Try again later, or set HF_TOKEN`
  if (status !== undefined) return `${hubUrl} failed on ${name} (${status}). Try again later`
  return `${hubUrl} answered about ${name} in a way that is not understood (${String(message ?? cause).slice(0, 200)})`
}
