/** How to reach the Hugging Face hub: the address, the token and the cache, from the environment as Python's huggingface_hub reads them. */
import { homedir } from 'node:os'
import { FileError, join } from '../../../files/index.js'

const HUB = 'https://huggingface.co'

export interface HubAccess {
  readonly hubUrl: string
  readonly accessToken?: string
  /** The fetch of every request: it can be stopped, and names what failed. */
  readonly fetch: typeof fetch
}

type Environment = Readonly<Record<string, string | undefined>>

/** HF_ENDPOINT (default: huggingface.co) and HF_TOKEN, which is never shown. Throws FileError. */
export function hubAccess(signal?: AbortSignal, environment: Environment = process.env): HubAccess {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = environment
  const hubUrl = (endpoint || HUB).replace(/\/+$/, '')
  if (!/^https?:\/\/[^/]/.test(hubUrl))
    throw new FileError(`HF_ENDPOINT must be a URL such as ${HUB} (got ${hubUrl})`, hubUrl)
  if (token && !/^hf_\S+$/.test(token))
    throw new FileError('HF_TOKEN must be an access token, which begins with hf_ (got another text)', hubUrl)
  return {
    hubUrl,
    ...(token && { accessToken: token }),
    fetch: (input, init) => fetch(input, { ...init, signal: signal ?? init?.signal }),
  }
}

/** The folder of models that were downloaded, which is also Python's: HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub. */
export function hubCache(environment: Environment = process.env): string {
  const { HF_HUB_CACHE: cache, HF_HOME: home, XDG_CACHE_HOME: general } = environment
  if (cache) return cache
  return join(home || join(general || join(homedir(), '.cache'), 'huggingface'), 'hub')
}
