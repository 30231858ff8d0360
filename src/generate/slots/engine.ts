import { nextTurn } from '../../runtime/index.js'
import { checkNextTokens } from '../../model/index.js'
import type { LoadedModel } from '../generate.js'
import type { Prefill, SlotBackend } from './backend.js'
import { ChunkedBackend } from './chunked-backend.js'
import { EventQueue } from './event-queue.js'
import { noiseOf, type Noise } from './noise.js'
import { checkRequest, type CheckedRequest, type SlotRequest } from './request.js'
import { RowBackend } from './row-backend.js'
import { Sampler } from './sampler.js'
import { scoreOf, unscored, type TokenScore } from './scores.js'

export interface SlotOptions {
  /** Number of requests that generate at the same time; others wait in order. @default 8 */
  readonly slots?: number
  /** Positions of a slot, for the prompt and the new tokens. @default n_ctx */
  readonly capacity?: number
  /** Most tokens of a prompt that are computed between two steps of the other requests. @default 128 */
  readonly chunk?: number
  /** Bytes of caches of prompts' beginnings to keep for later requests; 0 keeps none. @default 256 MiB */
  readonly prefixBytes?: number
}

/** `stop`: after a stop id; `length`: maxTokens or the capacity is reached. */
export type EndReason = 'stop' | 'length' | 'cancelled'

export type SlotEvent =
  /** Scores of the prompt's tokens, before the first new one, if requested. */
  | { readonly kind: 'prompt'; readonly tokens: readonly TokenScore[] }
  | ({ readonly kind: 'token' } & TokenScore)
  | { readonly kind: 'end'; readonly reason: EndReason }

interface Job {
  readonly request: CheckedRequest
  readonly events: EventQueue<SlotEvent>
  readonly sampler: Sampler
  readonly promptScores: TokenScore[]
  cancelled: boolean
}

interface Active extends Job {
  readonly slot: number
  prefill: Prefill | null
  /** The last new token. */
  last: number
  made: number
}

/**
 * Generates for many requests at once: each has a slot with its caches, position, seed and settings; requests join and
 * leave between steps, and prompts are computed in chunks between the steps of the others. A request gets the same tokens
 * and scores alone and among others, in any slot, with or without a cached prefix.
 */
export class SlotEngine {
  readonly slots: number
  readonly capacity: number
  /** Counters since the start. */
  readonly totals = { promptTokens: 0, cachedTokens: 0, newTokens: 0, requests: 0, cancelled: 0 }
  private readonly chunk: number
  private readonly backend: SlotBackend
  private readonly noise: Noise
  private readonly queue: Job[] = []
  private readonly active = new Map<number, Active>()
  private loop: Promise<void> | null = null
  private closed = false

  /** Throws RangeError for options outside their range, and for a model that does not predict next tokens. */
  constructor(
    private readonly loaded: LoadedModel,
    options: SlotOptions = {},
  ) {
    const { n_ctx } = loaded.config
    const { slots = 8, capacity = n_ctx, chunk = 128, prefixBytes = 2 ** 28 } = options
    checkNextTokens(loaded.config)
    checkInteger('slots', slots, 1, Infinity)
    checkInteger('capacity', capacity, 2, n_ctx)
    checkInteger('chunk', chunk, 1, Infinity)
    checkInteger('prefixBytes', prefixBytes, 0, Infinity)
    this.slots = slots
    this.capacity = capacity
    this.chunk = chunk
    // Experts that may overflow, other kinds of attention and meshes take the way that asks nothing of them.
    this.backend =
      loaded.model.canExtend && !loaded.engine.placement
        ? new ChunkedBackend(loaded, { slots, capacity, chunk, prefixBytes })
        : new RowBackend(loaded, capacity)
    this.noise = noiseOf(loaded)
  }

  /** Number of requests that have a slot. */
  get running(): number {
    return this.active.size
  }

  /** Number of requests that wait for a slot. */
  get waiting(): number {
    return this.queue.length
  }

  /**
   * Queues a request at once; its events are buffered until they are read. To leave the iteration cancels the request.
   * Throws RangeError for a request outside its range. The iteration throws LogitsError, EngineError.
   */
  submit(request: SlotRequest): AsyncIterableIterator<SlotEvent> {
    const checked = checkRequest(request, this.loaded.config, this.capacity)
    if (this.closed) throw new Error('the slot engine is closed')
    const events = new EventQueue<SlotEvent>(() => (job.cancelled = true))
    const job: Job = { request: checked, events, sampler: new Sampler(checked), promptScores: [], cancelled: false }
    this.totals.requests++
    this.queue.push(job)
    this.loop ??= this.run()
    return events
  }

  /**
   * Compiles what most requests run, by running it: the shortest and the longest chunk of a prompt, and steps. Programs for
   * other lengths are compiled when a request needs them. Call it before the first request.
   * Throws LogitsError, EngineError.
   */
  async warmUp(): Promise<void> {
    const before = { ...this.totals }
    for (const length of new Set([1, Math.max(1, Math.min(this.chunk, this.capacity - 2))])) {
      const prompt = Array<number>(length).fill(0)
      const events = this.submit({ prompt, maxTokens: Math.min(2, this.capacity - length), temperature: 0 })
      while (!(await events.next()).done);
    }
    Object.assign(this.totals, before)
  }

  /** Ends all requests as cancelled and frees the device memory. */
  async close(): Promise<void> {
    this.closed = true
    await this.loop
    this.backend.close()
    this.noise.dispose()
  }

  private async run(): Promise<void> {
    // Requests of the same tick are admitted together.
    await Promise.resolve()
    while (this.queue.length > 0 || this.active.size > 0) {
      this.endCancelled()
      this.admit()
      for (let chunks = this.chunksBeforeStep(); chunks > 0; chunks--) await this.prefillChunk()
      await this.step()
      // Lets sockets and timers run.
      await nextTurn()
    }
    this.loop = null
  }

  private endCancelled(): void {
    const isCancelled = (job: Job) => this.closed || job.cancelled || job.request.signal?.aborted
    for (const job of this.queue.filter(isCancelled)) {
      this.queue.splice(this.queue.indexOf(job), 1)
      this.totals.cancelled++
      job.events.push({ kind: 'end', reason: 'cancelled' })
      job.events.end()
    }
    for (const job of [...this.active.values()].filter(isCancelled)) this.end(job, 'cancelled')
  }

  private admit(): void {
    for (let slot = 0; slot < this.slots && this.queue.length > 0; slot++) {
      if (this.active.has(slot)) continue
      const job = this.queue.shift()!
      const { prompt, promptLogprobs } = job.request
      const prefill = this.backend.begin(slot, prompt, promptLogprobs)
      this.totals.promptTokens += prompt.length
      this.totals.cachedTokens += prefill.cached
      this.active.set(slot, Object.assign(job, { slot, prefill, last: -1, made: 0 }))
    }
  }

  /** Each request that has its prompt waits for a fair share of the prompts: one chunk, or more if few would wait. */
  private chunksBeforeStep(): number {
    const prompts = [...this.active.values()].filter(({ prefill }) => prefill).length
    return Math.ceil(prompts / Math.max(1, this.active.size - prompts))
  }

  /** Computes a chunk of the prompt that has waited longest. */
  private async prefillChunk(): Promise<void> {
    const job = [...this.active.values()].find(({ prefill }) => prefill)
    if (!job) return
    const { request, promptScores } = job
    const { prompt, promptLogprobs, logprobs = 0 } = request
    await this.guarded([job], async () => {
      const { logits, done } = await job.prefill!.next()
      if (promptLogprobs) {
        if (promptScores.length === 0) promptScores.push(unscored(prompt[0]))
        for (const row of logits)
          if (promptScores.length < prompt.length)
            promptScores.push(scoreOf(row, prompt[promptScores.length], logprobs))
      }
      if (!done) return
      job.prefill = null
      if (promptLogprobs) job.events.push({ kind: 'prompt', tokens: promptScores })
      const noise = job.sampler.draws ? await this.noise.at(request.seed, prompt.length) : null
      this.emit(job, logits[logits.length - 1], noise)
    })
  }

  /** One more token for each request that has its prompt. */
  private async step(): Promise<void> {
    const jobs = [...this.active.values()].filter(({ prefill }) => !prefill)
    if (jobs.length === 0) return
    await this.guarded(jobs, async () => {
      const entries = jobs.map(({ slot, last, made, request }) => ({
        slot,
        id: last,
        position: request.prompt.length + made - 1,
      }))
      const logits = this.backend.step(entries)
      const noises = jobs.map(({ sampler, request, made }) =>
        sampler.draws ? this.noise.at(request.seed, request.prompt.length + made) : Promise.resolve(null),
      )
      const [rows, noise] = [await logits, await Promise.all(noises)]
      for (const [i, job] of jobs.entries()) await this.guarded([job], () => this.emit(job, rows[i], noise[i]))
    })
  }

  /** Picks a request's next token. */
  private emit(job: Active, logits: Float32Array, noise: Float32Array | null): void {
    const { request, sampler } = job
    const { logprobs, stopIds, maxTokens } = request
    const id = sampler.pick(logits, noise)
    job.last = id
    job.made++
    this.totals.newTokens++
    job.events.push({ kind: 'token', ...(logprobs === undefined ? unscored(id) : scoreOf(logits, id, logprobs)) })
    if (stopIds.includes(id)) this.end(job, 'stop')
    else if (job.made >= maxTokens) this.end(job, 'length')
  }

  private end(job: Active, reason: EndReason): void {
    if (reason === 'cancelled') this.totals.cancelled++
    this.free(job)
    job.events.push({ kind: 'end', reason })
    job.events.end()
  }

  private free({ slot, prefill }: Active): void {
    prefill?.cancel()
    this.active.delete(slot)
    this.backend.release(slot)
  }

  /** A failure ends the requests that it concerns, and no others. */
  private async guarded(jobs: readonly Active[], work: () => void | Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      for (const job of jobs) {
        if (this.active.get(job.slot) !== job) continue
        this.free(job)
        job.events.end(error)
      }
    }
  }
}

function checkInteger(name: string, value: number, low: number, high: number): void {
  if (!(Number.isInteger(value) && value >= low && value <= high))
    throw new RangeError(
      `${name} must be an integer ${high < Infinity ? `from ${low} to ${high}` : `>= ${low}`} (got ${value})`,
    )
}
