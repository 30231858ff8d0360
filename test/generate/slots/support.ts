import assert from 'node:assert/strict'
import {
  SlotEngine,
  generate,
  type LoadedModel,
  type SlotEvent,
  type SlotRequest,
} from '../../../src/generate/index.js'
import { lively } from '../../model/support.js'
import { engine, numbers } from '../../tensor/check.js'

/** A small model with lively parameters on the engine of the tests. */
export async function loaded(changes: Record<string, unknown> = {}): Promise<LoadedModel> {
  return { engine: await engine(), ...(await lively(changes)) }
}

export async function eventsOf(iteration: AsyncIterable<SlotEvent>): Promise<SlotEvent[]> {
  const events: SlotEvent[] = []
  for await (const event of iteration) events.push(event)
  return events
}

/** The ids of the answer. */
export const idsOf = (events: readonly SlotEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'token' ? [event.id] : []))

export const run = (slots: SlotEngine, request: SlotRequest): Promise<SlotEvent[]> => eventsOf(slots.submit(request))

/** An engine for the time of a test. */
export async function withSlots<T>(
  model: LoadedModel,
  options: ConstructorParameters<typeof SlotEngine>[1],
  use: (slots: SlotEngine) => Promise<T>,
): Promise<T> {
  const slots = new SlotEngine(model, options)
  try {
    return await use(slots)
  } finally {
    await slots.close()
  }
}

/** What `generate` makes of a request, alone. */
export async function generated(
  model: LoadedModel,
  { prompt, maxTokens, temperature, topK, topP, seed, stopIds }: SlotRequest,
): Promise<number[]> {
  const ids: number[] = []
  const options = { maxTokens, temperature, topK, topP, seed, stopIds }
  for await (const [id] of generate(model, [prompt], options)) ids.push(id!)
  return ids
}

const VOCAB = 61
const LENGTHS = [1, 3, 8, 16, 21, 40, 48, 70]

/** Requests of mixed lengths and settings; half of the prompts begin alike. */
export function mixed(count: number, seed: number): SlotRequest[] {
  const next = numbers(seed)
  const int = (below: number) => Math.floor(next() * below)
  const common = Array.from({ length: 70 }, () => int(VOCAB))
  return Array.from({ length: count }, (_, i) => {
    const length = LENGTHS[int(LENGTHS.length)]
    const shared = i % 2 === 0 ? Math.min(length, 33) : 0
    const prompt = [...common.slice(0, shared), ...Array.from({ length: length - shared }, () => int(VOCAB))]
    const settings: Partial<SlotRequest>[] = [
      { temperature: 0 },
      { temperature: 0.8, topK: 7 },
      { topP: 0.9, minP: 0.02 },
      { repetitionPenalty: 1.3, presencePenalty: 0.4, frequencyPenalty: 0.2, logitBias: new Map([[5, 2]]) },
      { temperature: 0, logprobs: 4, promptLogprobs: i % 3 === 0 },
    ]
    return { prompt, maxTokens: 1 + int(25), seed: int(3), logprobs: 2, ...settings[int(settings.length)] }
  })
}

/** Asserts that requests have the same events alone and together, in random orders of arrival, with and without cached prefixes. */
export async function checkLoads(
  model: LoadedModel,
  requests: readonly SlotRequest[],
  options: ConstructorParameters<typeof SlotEngine>[1],
): Promise<void> {
  const alone: string[] = []
  // A prefix may not come from an earlier request.
  await withSlots(model, { ...options, prefixBytes: 0 }, async (slots) => {
    for (const request of requests) alone.push(JSON.stringify(await run(slots, request)))
  })
  const next = numbers(12)
  for (const prefixes of [{ prefixBytes: 0 }, {}, {}])
    await withSlots(model, { ...options, ...prefixes }, async (slots) => {
      const order = requests.map((_, i) => i).sort(() => next() - 0.5)
      const found: string[] = []
      await Promise.all(
        order.map(async (i) => {
          for (let turn = Math.floor(next() * 40); turn > 0; turn--) await new Promise((done) => setImmediate(done))
          found[i] = JSON.stringify(await run(slots, requests[i]))
        }),
      )
      requests.forEach((_, i) => assert.equal(found[i], alone[i], `request ${i}`))
      if (prefixes.prefixBytes === undefined) assert.ok(slots.totals.cachedTokens > 0)
    })
}
