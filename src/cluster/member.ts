/** A host's connection to the coordinator of its run. */
import { connect, type Socket } from 'node:net'
import { challenge, checkSecret, HEARTBEAT, isSignature, LINE_LIMIT, receive, send, sign, SILENCE } from './protocol.js'

export interface MemberOptions {
  /** Number of this host, from 0. */
  readonly host: number
  readonly hosts: number
  /** Address and port of the coordinator, such as 10.0.0.1:29500. */
  readonly coordinator: string
  readonly secret: string
  /** Seconds within which the coordinator must answer. @default 300 */
  readonly joinSeconds?: number
  /** The run has lost a host or its coordinator: one line for people. Called once. */
  readonly onFailure?: (reason: string) => void
}

/** A run over several hosts cannot begin, or cannot continue. */
export class ClusterError extends Error {
  override name = 'ClusterError'
}

/** ms between attempts to connect. */
const RETRY = 250

export class Member {
  private readonly waiting = new Map<number, { resolve(value: string | null): void; reject(error: Error): void }>()
  private readonly heartbeat: NodeJS.Timeout
  private lastSign = performance.now()
  private nextId = 1
  private failure: string | null = null
  private left = false

  /** Joins a run; tries again while there is no coordinator yet. Throws ClusterError, RangeError. */
  static async join(options: MemberOptions): Promise<Member> {
    checkSecret(options.secret)
    const { joinSeconds = 300, coordinator } = options
    const deadline = performance.now() + joinSeconds * 1000
    for (;;) {
      try {
        return await Member.connect(options)
      } catch (error) {
        if (error instanceof ClusterError) throw error
        if (performance.now() > deadline)
          throw new ClusterError(
            `the coordinator at ${coordinator} must answer within ${joinSeconds} s (${(error as Error).message}). ` +
              'Check that host 0 runs, and that its port can be reached from here',
          )
        await new Promise((resolve) => setTimeout(resolve, RETRY))
      }
    }
  }

  private static connect(options: MemberOptions): Promise<Member> {
    const { coordinator, secret, host, hosts } = options
    const { address, port } = parseAddress(coordinator)
    const mine = challenge()
    return new Promise((resolve, reject) => {
      const socket = connect(port, address)
      let member: Member | null = null
      socket.setNoDelay(true)
      socket.setTimeout(10_000, () => member ?? socket.destroy(new Error('no answer for 10 s')))
      socket.on('error', reject)
      socket.on('close', () => {
        reject(new Error('the connection was closed'))
        member?.fail('the coordinator on host 0 is lost: it has ended, or the network has failed')
      })
      receive(
        socket,
        () => LINE_LIMIT,
        (message) => {
          if (member) return member.take(message)
          if (typeof message.challenge === 'string')
            return send(socket, { host, hosts, proof: sign(secret, message.challenge, host), challenge: mine })
          if (typeof message.refused === 'string') {
            reject(new ClusterError(message.refused))
            return void socket.destroy()
          }
          if (!isSignature(message.accepted, secret, mine, 'coordinator')) {
            reject(
              new ClusterError(`what answers at ${coordinator} must be the run's coordinator (it has not its secret)`),
            )
            return void socket.destroy()
          }
          member = new Member(socket, options)
          resolve(member)
        },
      )
    })
  }

  private constructor(
    private readonly socket: Socket,
    private readonly options: MemberOptions,
  ) {
    this.heartbeat = setInterval(() => {
      send(socket, { alive: true })
      if (performance.now() - this.lastSign > SILENCE)
        this.fail(`the coordinator on host 0 is lost: no sign of life for ${SILENCE / 1000} s`)
    }, HEARTBEAT)
    this.heartbeat.unref()
  }

  /** Stores a value; it is there for all hosts when this returns. Throws ClusterError. */
  async put(key: string, value: Uint8Array): Promise<void> {
    await this.ask((id) => ({ id, put: key, value: Buffer.from(value).toString('base64') }))
  }

  /** The value of a key, waited for up to `timeout` ms; null if there is none by then. Throws ClusterError. */
  async get(key: string, timeout = 0): Promise<Uint8Array | null> {
    const value = await this.ask((id) => ({ id, get: key, timeout }))
    return value === null ? null : Buffer.from(value, 'base64')
  }

  /** Leaves the run, which is no failure. */
  leave(): Promise<void> {
    this.left = true
    clearInterval(this.heartbeat)
    send(this.socket, { leave: true })
    return new Promise((resolve) => {
      if (this.socket.destroyed) return resolve()
      this.socket.once('close', () => resolve())
      this.socket.end()
    })
  }

  private ask(request: (id: number) => Parameters<typeof send>[1]): Promise<string | null> {
    if (this.failure !== null) return Promise.reject(new ClusterError(this.failure))
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      send(this.socket, request(id))
    })
  }

  private take(message: Record<string, unknown>): void {
    this.lastSign = performance.now()
    if (typeof message.failed === 'string') return this.fail(message.failed)
    const asked = this.waiting.get(Number(message.id))
    if (!asked) return
    this.waiting.delete(Number(message.id))
    asked.resolve(typeof message.value === 'string' ? message.value : null)
  }

  private fail(reason: string): void {
    if (this.failure !== null || this.left) return
    this.failure = reason
    clearInterval(this.heartbeat)
    for (const { reject } of this.waiting.values()) reject(new ClusterError(reason))
    this.waiting.clear()
    this.options.onFailure?.(reason)
  }
}

/** Address and port of HOST:PORT, or of [IPv6]:PORT. Throws ClusterError. */
export function parseAddress(text: string): { address: string; port: number } {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  if (!found || port < 1 || port > 65535)
    throw new ClusterError(
      `the coordinator must be an address and a port, such as 10.0.0.1:29500 (got ${JSON.stringify(text)})`,
    )
  return { address: found[1] ?? found[2], port }
}
