/** A process's place in a run over several hosts, with the key-value store that XLA's client asks. */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads'
import type { KeyValues } from '../engine/index.js'
import { ClusterError, parseAddress } from './member.js'
import type { Place } from './place.js'
import { checkSecret } from './protocol.js'
import type { Answer, Event, Question, WorkerData } from './worker.js'

export interface ClusterOptions {
  /** What only the run's hosts know: at least 16 characters. */
  readonly secret: string | undefined
  /** Seconds within which all hosts must come. @default 300 */
  readonly joinSeconds?: number
  /**
   * The run has lost a host. XLA would wait for it for ever: report the line and end the process, which is killed 10 s later.
   * Without it a failure is an error of the next question.
   */
  readonly onFailure?: (reason: string) => void
}

/** ms that an answer may take beyond the time that was asked for. */
const SLACK = 30_000

export class Cluster implements KeyValues {
  private readonly signal = new Int32Array(new SharedArrayBuffer(4))
  private left = false

  /**
   * Joins the run; host 0 starts the coordinator. Throws RangeError, ClusterError.
   */
  static async join(place: Place, { secret, joinSeconds, onFailure }: ClusterOptions): Promise<Cluster> {
    const { hosts, host, coordinator } = place
    const common = { hosts, secret: checkSecret(secret), joinSeconds }
    const { port: portNumber } = parseAddress(coordinator)
    const { port1, port2 } = new MessageChannel()
    const cluster = new Cluster(place, port1)
    const data: WorkerData = {
      member: { ...common, host, coordinator: host === 0 ? `127.0.0.1:${portNumber}` : coordinator },
      serve: host === 0 ? { ...common, port: portNumber } : null,
      endsProcess: onFailure !== undefined,
      port: port2,
      signal: cluster.signal,
    }
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: data, transferList: [port2] })
    await new Promise<void>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('message', (event: Event) => {
        if ('joined' in event) resolve()
        else if ('failed' in event) onFailure?.(event.failed)
        else reject(new ClusterError(event.error))
      })
    }).catch(async (error) => {
      await worker.terminate()
      port1.close()
      throw error
    })
    worker.unref()
    cluster.worker = worker
    return cluster
  }

  private worker!: Worker

  private constructor(
    readonly place: Place,
    private readonly port: MessagePort,
  ) {
    port.unref()
  }

  get host(): number {
    return this.place.host
  }

  get hosts(): number {
    return this.place.hosts
  }

  /** Stores a value, which all hosts then have. Blocks. Throws ClusterError. */
  put(key: string, value: Uint8Array): void {
    this.ask({ put: key, value }, 0)
  }

  /** The value of a key, waited for up to `timeout` ms; null if there is none by then. Blocks. Throws ClusterError. */
  get(key: string, timeout = 0): Uint8Array | null {
    return this.ask({ get: key, timeout }, timeout).value ?? null
  }

  /** Leaves the run; host 0 waits for the others, up to 30 s. */
  async leave(): Promise<void> {
    if (this.left) return
    this.left = true
    this.worker.ref()
    const ended = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()))
    this.port.postMessage({ leave: true } satisfies Question)
    const timer = setTimeout(() => void this.worker.terminate(), SLACK)
    await ended
    clearTimeout(timer)
  }

  private ask(question: Question, timeout: number): Answer {
    if (this.left) throw new ClusterError('this host has left the run')
    Atomics.store(this.signal, 0, 0)
    this.port.postMessage(question)
    Atomics.wait(this.signal, 0, 0, timeout + SLACK)
    const answer = (receiveMessageOnPort(this.port)?.message ?? { error: 'no answer of the coordinator' }) as Answer
    if (answer.error !== undefined) throw new ClusterError(answer.error)
    return answer
  }
}
