/**
 * The key-value server of a run over several hosts: XLA's clients exchange their topologies and NCCL's ids through it. It
 * also watches the hosts: if one ends, or never comes, the others end with one line.
 */
import { createServer, type Server, type Socket } from 'node:net'
import {
  challenge,
  checkSecret,
  GREETING_LIMIT,
  HEARTBEAT,
  isSignature,
  LINE_LIMIT,
  receive,
  send,
  sign,
  SILENCE,
  type Greeting,
} from './protocol.js'

export interface CoordinatorOptions {
  /** Number of hosts of the run. */
  readonly hosts: number
  /** What only the run's hosts know: at least 16 characters. */
  readonly secret: string
  /** Address to listen on. @default all of this machine */
  readonly address?: string
  /** @default 0: a free one */
  readonly port?: number
  /** Seconds within which all hosts must have come. @default 300 */
  readonly joinSeconds?: number
  /** ms without a sign of life after which a host counts as dead. @default 20,000 */
  readonly silence?: number
}

interface Host {
  readonly socket: Socket
  lastSign: number
}

interface Waiter {
  readonly socket: Socket
  readonly answer: (value: string | null) => void
}

/** Time, in ms, in which a connection must prove that it is one of the run's. */
const GREETING_TIME = 10_000

export class Coordinator {
  readonly port: number
  private readonly values = new Map<string, string>()
  private readonly waiters = new Map<string, Set<Waiter>>()
  private readonly hosts = new Map<number, Host>()
  private readonly came = new Set<number>()
  private readonly timers: NodeJS.Timeout[] = []
  private failure: string | null = null

  /** Throws RangeError, and the error of the system if it cannot listen. */
  static async listen(options: CoordinatorOptions): Promise<Coordinator> {
    checkSecret(options.secret)
    if (!Number.isSafeInteger(options.hosts) || options.hosts < 1)
      throw new RangeError(`hosts must be an integer >= 1 (got ${options.hosts})`)
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port ?? 0, options.address, () => resolve())
    })
    return new Coordinator(server, options)
  }

  private constructor(
    private readonly server: Server,
    private readonly options: CoordinatorOptions,
  ) {
    const address = server.address()
    this.port = typeof address === 'object' && address ? address.port : 0
    const { joinSeconds = 300, silence = SILENCE } = options
    server.on('connection', (socket) => this.greet(socket))
    this.timers.push(
      setTimeout(() => this.checkJoined(joinSeconds), joinSeconds * 1000),
      setInterval(() => this.checkAlive(silence), HEARTBEAT),
    )
    for (const timer of this.timers) timer.unref()
  }

  /** Hosts that are connected. */
  get connected(): number {
    return this.hosts.size
  }

  /** When all hosts have left, or after `timeout` ms. */
  async emptied(timeout = 20_000): Promise<void> {
    const deadline = performance.now() + timeout
    while (this.hosts.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer)
    for (const { socket } of this.hosts.values()) socket.destroy()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  private greet(socket: Socket): void {
    const mine = challenge()
    let host: number | null = null
    socket.setNoDelay(true)
    socket.on('error', () => {}) // 'close' follows
    const timer = setTimeout(() => host === null && socket.destroy(), GREETING_TIME)
    timer.unref()
    socket.on('close', () => {
      clearTimeout(timer)
      for (const waiting of this.waiters.values())
        for (const waiter of waiting) if (waiter.socket === socket) waiter.answer(null)
      if (host !== null) this.lost(host, socket, 'its connection has closed: it has ended, or its network has failed')
    })
    receive(
      socket,
      () => (host === null ? GREETING_LIMIT : LINE_LIMIT),
      (message) => {
        if (host !== null) return this.serve(host, socket, message)
        const greeting = message as unknown as Greeting
        const refusal = this.refusal(greeting, mine)
        if (refusal !== null) {
          send(socket, { refused: refusal })
          return void socket.end()
        }
        host = greeting.host
        this.came.add(host)
        this.hosts.set(host, { socket, lastSign: performance.now() })
        send(socket, { accepted: sign(this.options.secret, greeting.challenge, 'coordinator') })
        if (this.failure !== null) send(socket, { failed: this.failure })
      },
    )
    send(socket, { challenge: mine })
  }

  /** Why a connection may not join; null if it may. */
  private refusal({ host, hosts, proof, challenge: theirs }: Greeting, mine: string): string | null {
    const { secret } = this.options
    if (!Number.isSafeInteger(host) || typeof theirs !== 'string' || !isSignature(proof, secret, mine, host))
      return 'the secret must be that of the run (it is another one). Set NEOMESH_CLUSTER_SECRET to the same text on every host'
    if (hosts !== this.options.hosts)
      return `every host must state the same number of hosts (host 0 states ${this.options.hosts}, host ${host} states ${hosts})`
    if (host < 0 || host >= hosts) return `the number of a host must be from 0 to ${hosts - 1} (got ${host})`
    if (this.hosts.has(host)) return `each host must have a number of its own (host ${host} is here twice)`
    return null
  }

  private serve(host: number, socket: Socket, message: Record<string, unknown>): void {
    this.hosts.get(host)!.lastSign = performance.now()
    const { id, put, get, value, timeout } = message
    if (typeof put === 'string' && typeof value === 'string') {
      this.values.set(put, value)
      send(socket, { id: Number(id), value: null })
      for (const waiter of this.waiters.get(put) ?? []) waiter.answer(value)
    } else if (typeof get === 'string') this.answer(socket, Number(id), get, Number(timeout) || 0)
    else if (message.alive === true) send(socket, { alive: true })
    else if (message.leave === true) {
      this.hosts.delete(host)
      socket.end()
    } else socket.destroy()
  }

  private answer(socket: Socket, id: number, key: string, timeout: number): void {
    const known = this.values.get(key)
    if (known !== undefined || timeout <= 0) return send(socket, { id, value: known ?? null })
    const waiting = this.waiters.get(key) ?? new Set()
    this.waiters.set(key, waiting)
    const waiter: Waiter = {
      socket,
      answer: (value) => {
        clearTimeout(timer)
        waiting.delete(waiter)
        if (waiting.size === 0) this.waiters.delete(key)
        send(socket, { id, value })
      },
    }
    // A longer one would overflow the timer, and fire at once.
    const timer = setTimeout(() => waiter.answer(null), Math.min(timeout, 2 ** 31 - 1))
    timer.unref()
    waiting.add(waiter)
  }

  private lost(host: number, socket: Socket, reason: string): void {
    if (this.hosts.get(host)?.socket !== socket) return // it has said goodbye
    this.hosts.delete(host)
    this.fail(`host ${host} is lost: ${reason}`)
  }

  private checkAlive(silence: number): void {
    const now = performance.now()
    for (const [host, { socket, lastSign }] of this.hosts)
      if (now - lastSign > silence) {
        this.lost(host, socket, `no sign of life for ${Math.round((now - lastSign) / 1000)} s`)
        socket.destroy()
      }
  }

  private checkJoined(seconds: number): void {
    const missing = Array.from({ length: this.options.hosts }, (_, host) => host).filter((host) => !this.came.has(host))
    if (missing.length === 0) return
    const [shown, more] = [missing.slice(0, 8), missing.length - 8]
    const names = `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
    this.fail(`all ${this.options.hosts} hosts must come within ${seconds} s (missing: ${names})`)
  }

  private fail(reason: string): void {
    this.failure ??= reason
    for (const { socket } of this.hosts.values()) send(socket, { failed: this.failure })
  }
}
