/** Counters of a server, in the text format of Prometheus. */
import type { SlotEngine } from '../generate/index.js'

/** Upper bounds of the histograms' buckets, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

class Histogram {
  private readonly counts = BOUNDS.map(() => 0)
  private count = 0
  private sum = 0

  add(seconds: number, times = 1): void {
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) this.counts[bucket] += times
    this.count += times
    this.sum += seconds * times
  }

  lines(name: string): string[] {
    let below = 0
    const buckets = BOUNDS.map((bound, i) => `${name}_bucket{le="${bound}"} ${(below += this.counts[i])}`)
    return [
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.count}`,
      `${name}_sum ${this.sum}`,
      `${name}_count ${this.count}`,
    ]
  }
}

/** Times one choice of an answer. */
export interface AnswerClock {
  /** More tokens have come. */
  tokens(count: number): void
  /** The answer is complete, or cancelled. */
  end(newTokens: number): void
}

export class Metrics {
  private readonly firstToken = new Histogram()
  private readonly perToken = new Histogram()
  private readonly requests = new Map<string, number>()
  private promptTokens = 0
  private newTokens = 0
  private cancelled = 0

  /** Counts an HTTP answer; `endpoint` is a path of the API, never one that a client made up. */
  countRequest(endpoint: string, status: number): void {
    const labels = `endpoint="${endpoint}",status="${status}"`
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1)
  }

  /** Counts an answer whose client has gone. */
  countCancelled(): void {
    this.cancelled++
  }

  startAnswer(promptTokens: number): AnswerClock {
    this.promptTokens += promptTokens
    const began = performance.now()
    let last: number | null = null
    return {
      tokens: (count) => {
        if (count === 0) return
        const now = performance.now()
        if (last === null) this.firstToken.add((now - began) / 1000)
        const gaps = last === null ? count - 1 : count
        if (gaps > 0) this.perToken.add((now - (last ?? began)) / 1000 / count, gaps)
        last = now
      },
      end: (newTokens) => void (this.newTokens += newTokens),
    }
  }

  /** All metrics; those of the slots once the model is loaded. */
  text(engine?: SlotEngine): string {
    const metric = (name: string, kind: string, help: string, lines: readonly string[]) => [
      `# HELP neomesh_${name} ${help}`,
      `# TYPE neomesh_${name} ${kind}`,
      ...lines.map((line) => `neomesh_${line}`),
    ]
    const one = (name: string, kind: string, help: string, value: number) =>
      metric(name, kind, help, [`${name} ${value}`])
    const requests = [...this.requests].map(([labels, count]) => `requests_total{${labels}} ${count}`)
    const [first, each] = ['time_to_first_token_seconds', 'time_per_token_seconds']
    const slots = engine && [
      ...one('slots', 'gauge', 'Requests that can generate at the same time', engine.slots),
      ...one('requests_running', 'gauge', 'Prompts that are being continued', engine.running),
      ...one('requests_waiting', 'gauge', 'Prompts that wait for a slot', engine.waiting),
      ...one(
        'cached_tokens_total',
        'counter',
        'Tokens of prompts taken from cached prefixes',
        engine.totals.cachedTokens,
      ),
    ]
    const all = [
      ...metric('requests_total', 'counter', 'Answers by endpoint and HTTP status', requests),
      ...one('cancelled_total', 'counter', 'Answers whose client went before the end', this.cancelled),
      ...one('prompt_tokens_total', 'counter', 'Tokens of prompts', this.promptTokens),
      ...one('generated_tokens_total', 'counter', 'New tokens', this.newTokens),
      ...metric(first, 'histogram', 'From the request to its first token', this.firstToken.lines(first)),
      ...metric(each, 'histogram', 'From one token to the next', this.perToken.lines(each)),
      ...(slots ?? []),
      ...one('resident_memory_bytes', 'gauge', 'Memory of the process', process.memoryUsage.rss()),
    ]
    return `${all.join('\n')}\n`
  }
}
