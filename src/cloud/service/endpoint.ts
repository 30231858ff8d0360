import { CloudError } from '../error.js'

/** Where the service is. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Connected to without TLS and without credentials: only ever on this machine. */
  readonly insecure: boolean
}

const GOOGLE: Endpoint = { host: 'tpu.googleapis.com', port: 443, insecure: false }

/** Environment variable: address of a stand-in of the service on this machine, as 127.0.0.1:8500. */
export const ENDPOINT = 'NEOMESH_TPU_ENDPOINT'

/** The endpoint to use. Throws CloudError for an address that is not this machine: without TLS anyone could answer there. */
export function endpointOf(environment: Readonly<Record<string, string | undefined>> = process.env): Endpoint {
  const given = environment[ENDPOINT]
  if (given === undefined || given === '') return GOOGLE
  const [, host, port] = /^(127\.0\.0\.1|\[::1\]|localhost):(\d{1,5})$/.exec(given) ?? []
  if (host === undefined || Number(port) === 0 || Number(port) > 65535)
    throw new CloudError(
      'usage',
      `${ENDPOINT} must be a port of this machine, such as 127.0.0.1:8500 (got "${given}"). Unset it to use Google's service`,
    )
  return { host, port: Number(port), insecure: true }
}
