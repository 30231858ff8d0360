import {
  SlotEngine,
  generate,
  type LoadedModel,
  type SlotEvent,
  type SlotRequest,
} from '../../../src/generate/index.js'
import { lively } from '../../model/support.js'
import { engine } from '../../tensor/check.js'

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
