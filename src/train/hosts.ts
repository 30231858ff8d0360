/**
 * The processes of one run, which hear of each other through files in its folder, `.hosts/`: the first one leads. No process
 * makes a step that the leader has not permitted, so that all stop after the same one; each sends heartbeats, so that the
 * others end when one has died.
 */
import { randomHex, sleep } from '../runtime/index.js'
import { FileError, join, makeFolder, readJson, remove, writeFileAtomic } from '../files/index.js'

/** Another process of the run failed, died, or did not come. */
export class HostError extends Error {
  override name = 'HostError'
}

export interface HostTimes {
  /** Milliseconds between heartbeats. @default 5000 */
  readonly heartbeat?: number
  /** Milliseconds without a heartbeat after which a process counts as dead. @default 60000 */
  readonly expiry?: number
  /** Milliseconds to wait for all processes to start. @default 10 minutes */
  readonly join?: number
}

interface HostState {
  /** Of this start of the process. */
  readonly id: string
  /** Of the leader that it joined. */
  readonly leader: string
  readonly beat: number
  readonly stop: boolean
  /** '' while it runs; 'finished', or why it failed. */
  readonly ended: string
}

interface LeaderState extends HostState {
  /** Ids of the processes that take part, once all have joined. */
  readonly members: readonly string[]
  /** The last step that may be made, so far. */
  readonly until: number
  /** Whether training stops after that step. */
  readonly stops: boolean
}

/** Time that the leader permits ahead, in ms: a stop takes as long at most. */
const WINDOW = 4000
const MOST_STEPS = 10_000

export class Hosts {
  /** 12 hexadecimal digits, the same on all processes, and new for each start of the run. */
  get attempt(): string {
    return this.state.leader
  }
  readonly isLeader: boolean
  /** Rejects when another process failed or died. */
  readonly failed: Promise<never>
  private fail!: (cause: HostError) => void
  private failure: HostError | null = null
  private state: LeaderState
  private readonly seen = new Map<number, { beat: string; at: number }>()
  private window = 2
  private extended = performance.now()
  private running = true
  private readonly left = new AbortController()
  private monitoring: Promise<void> = Promise.resolve()
  private writes: Promise<void> = Promise.resolve()
  private readonly heartbeat: number
  private readonly expiry: number
  private readonly poll: number

  private constructor(
    private readonly run: string,
    private readonly process: { readonly index: number; readonly count: number },
    private readonly times: HostTimes,
    private readonly signal?: AbortSignal,
  ) {
    this.isLeader = process.index === 0
    this.heartbeat = times.heartbeat ?? 5000
    this.expiry = times.expiry ?? 60_000
    this.poll = Math.min(1000, this.heartbeat)
    const id = randomHex(6)
    const leader = this.isLeader ? id : ''
    this.state = { id, leader, beat: 0, stop: false, ended: '', members: [], until: 0, stops: false }
    this.failed = new Promise((_, reject) => (this.fail = reject))
    this.failed.catch(() => {})
  }

  /** Waits until all processes of the run are there. The leader has the run's lock by then. Throws HostError. */
  static async join(
    run: string,
    process: { readonly index: number; readonly count: number },
    times: HostTimes = {},
    signal?: AbortSignal,
  ): Promise<Hosts> {
    const hosts = new Hosts(run, process, times, signal)
    await makeFolder(join(run, '.hosts'))
    await (hosts.isLeader ? hosts.gather() : hosts.follow())
    signal?.addEventListener('abort', hosts.onAbort)
    hosts.monitoring = hosts.monitor()
    return hosts
  }

  private readonly onAbort = () => void this.write({ stop: true }).catch(() => {})

  private path(index: number): string {
    return join(this.run, '.hosts', `process-${String(index).padStart(5, '0')}.json`)
  }

  private async read(index: number): Promise<LeaderState | null> {
    const found = await readJson(this.path(index)).catch((cause: NodeJS.ErrnoException) => {
      if (cause instanceof FileError) return null
      throw cause
    })
    return found as LeaderState | null
  }

  /** Changes what this process states, in the order of the calls. */
  private write(changes: Partial<LeaderState> = {}): Promise<void> {
    this.state = { ...this.state, ...changes, beat: this.state.beat + 1 }
    this.writes = this.writes
      .catch(() => {})
      .then(() => writeFileAtomic(this.path(this.process.index), JSON.stringify(this.state)))
    return this.writes
  }

  private async gather(): Promise<void> {
    await this.write()
    const members = [this.state.id]
    await this.wait('join', async () => {
      for (let index = members.length; index < this.process.count; index++) {
        const found = await this.read(index)
        if (found?.leader !== this.state.id) return `process ${index} of ${this.process.count}`
        members.push(found.id)
      }
      return null
    })
    await this.write({ members })
  }

  private async follow(): Promise<void> {
    await this.wait('join', async () => {
      const leader = await this.read(0)
      if (leader === null) return 'process 0'
      const joined = leader.members[this.process.index] === this.state.id
      if (!joined && leader.id !== this.state.leader) await this.write({ leader: leader.id })
      if (joined) this.state = { ...this.state, leader: leader.id }
      return joined ? null : 'process 0'
    })
  }

  /** Polls until nothing is missing. */
  private async wait(_: 'join', missing: () => Promise<string | null>): Promise<void> {
    const { join: limit = 600_000 } = this.times
    const start = performance.now()
    for (;;) {
      const who = await missing()
      if (who === null) return
      this.signal?.throwIfAborted()
      if (performance.now() - start > limit)
        throw new HostError(
          `${who} must join the run ${this.run} within ${Math.round(limit / 1000)} seconds (it did not). Start the same ` +
            'command on all hosts, with one run folder that all reach',
        )
      await sleep(Math.min(this.poll, 200))
    }
  }

  /** Heartbeats, and a look at the others: the leader at all, the others at the leader. */
  private async monitor(): Promise<void> {
    let beaten = 0
    while (this.running) {
      // A failure of the file system is transient, or expires the heartbeats.
      if (performance.now() - beaten > this.heartbeat) {
        beaten = performance.now()
        await this.write().catch(() => {})
      }
      try {
        await this.look()
      } catch (cause) {
        if (cause instanceof HostError) return this.end(cause)
      }
      await sleep(this.poll, undefined, { signal: this.left.signal }).catch(() => {})
    }
  }

  private async look(): Promise<void> {
    const others = this.isLeader ? Array.from({ length: this.process.count - 1 }, (_, i) => i + 1) : [0]
    for (const index of others) {
      const found = await this.read(index)
      const before = this.seen.get(index)
      const now = performance.now()
      const beat = found === null ? (before?.beat ?? '') : `${found.id} ${found.beat}`
      if (before?.beat !== beat) this.seen.set(index, { beat, at: now })
      if (found?.ended === 'finished') continue
      if (found?.leader === this.attempt && found.ended !== '') throw failedHost(index, found.ended)
      const silent = now - (this.seen.get(index)?.at ?? now)
      if (silent > this.expiry)
        throw new HostError(
          `process ${index} of ${this.process.count} must send a heartbeat within ${this.expiry / 1000} seconds (it did not: ` +
            'it died, or its host did). Start all processes again: the run resumes from its last checkpoint',
        )
      if (this.isLeader && found?.stop) this.state = { ...this.state, stop: true }
      if (!this.isLeader && found !== null) this.follows(found)
    }
  }

  private follows({ until, stops, leader }: LeaderState): void {
    if (leader !== this.attempt)
      throw new HostError(`${this.run} was started by another process 0. End these processes`)
    this.state = { ...this.state, until, stops }
  }

  private end(cause: HostError): void {
    this.failure = cause
    this.fail(cause)
  }

  /** Throws HostError if another process failed. */
  check(): void {
    if (this.failure) throw this.failure
  }

  /** The result of some work, unless another process fails before: then it may never end. */
  race<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {})
    return Promise.race([work, this.failed])
  }

  /** Whether to make the step after `step`; else training stops here, on all processes. Throws HostError. */
  async continues(step: number): Promise<boolean> {
    if (this.isLeader) await this.permit(step)
    else
      while (step >= this.state.until && !this.state.stops) {
        this.check()
        await this.race(this.look().then(() => sleep(Math.min(20, this.poll))))
      }
    this.check()
    return step < this.state.until
  }

  /** Permits further steps before the permitted ones are made, unless a process asks to stop. */
  private async permit(step: number): Promise<void> {
    const { until, stops, stop } = this.state
    if (stops) return
    if (stop || this.signal?.aborted) {
      // The start of a run permits nothing yet; what is permitted may be made by others already.
      await this.write({ stops: true, until: Math.max(until, step) })
    } else if (step >= until - this.window / 2) {
      const now = performance.now()
      const isShort = until > 0 && now - this.extended < WINDOW / 2
      this.window = isShort ? Math.min(MOST_STEPS, 2 * this.window) : Math.max(2, Math.floor(this.window / 2))
      this.extended = now
      await this.write({ until: Math.max(until, step) + this.window })
    }
  }

  /** Tells the others that this process ended, and why. The leader of a run that finished removes the files. */
  async leave(cause?: unknown): Promise<void> {
    this.running = false
    this.left.abort()
    this.signal?.removeEventListener('abort', this.onAbort)
    const ended =
      cause === undefined ? 'finished' : String((cause as Error).message ?? cause).split('\n')[0] || 'failed'
    await this.write({ ended }).catch(() => {})
    await this.monitoring
    if (!this.isLeader || cause !== undefined || this.failure) return // others have to read why
    const start = performance.now()
    const isOver = async (index: number) => (await this.read(index).catch(() => null))?.ended !== ''
    for (let index = 1; index < this.process.count; index++)
      while (!(await isOver(index)) && performance.now() - start < 2 * this.expiry) await sleep(50)
    await remove(join(this.run, '.hosts')).catch(() => {})
  }
}

function failedHost(index: number, why: string): HostError {
  return new HostError(`process ${index} of the run ended: ${why}`)
}
