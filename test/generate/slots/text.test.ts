import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  streamText,
  type SlotEngine,
  type SlotEvent,
  type SlotRequest,
  type TextEvent,
} from '../../../src/generate/index.js'
import type { Tokenizer } from '../../../src/tokenizer/index.js'
import { numbers } from '../../tensor/check.js'

/** A token per byte; ids from 256 on have no bytes. */
const bytes = {
  vocabSize: 256,
  decodeStream() {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    return {
      push: (id: number) => decoder.decode(Uint8Array.of(id), { stream: true }),
      finish: () => decoder.decode(),
    }
  },
} as unknown as Tokenizer

/** An engine that gives a fixed answer, and whether it was left. */
function answering(ids: readonly number[], reason: 'stop' | 'length' = 'length') {
  const state = { left: false }
  async function* events(): AsyncGenerator<SlotEvent> {
    try {
      for (const id of ids) yield { kind: 'token', id, logprob: -id, top: [] }
      yield { kind: 'end', reason }
    } finally {
      state.left = true
    }
  }
  return { state, engine: { submit: (_: SlotRequest) => events() } as unknown as SlotEngine }
}

async function collect(ids: readonly number[], stop: readonly string[] = [], stopIds: readonly number[] = []) {
  const { engine, state } = answering(ids)
  const events: TextEvent[] = []
  for await (const event of streamText(engine, bytes, { prompt: [1], stop, stopIds })) events.push(event)
  const texts = events.flatMap((event) => (event.kind === 'text' ? [event] : []))
  return {
    texts: texts.map(({ text }) => text),
    text: texts.map(({ text }) => text).join(''),
    tokens: texts.flatMap(({ tokens }) => tokens.map(({ id }) => id)),
    end: events.at(-1),
    left: state.left,
  }
}

const idsOf = (text: string) => [...new TextEncoder().encode(text)]

test('pieces never cut a character, and join to the text; each token comes once, with its text', async () => {
  const text = 'aé日本🙂b🙂'
  const found = await collect(idsOf(text))
  assert.equal(found.text, text)
  for (const piece of found.texts) assert.ok(!piece.includes('�'))
  assert.deepEqual(found.tokens, idsOf(text))
  assert.deepEqual(found.end, { kind: 'end', reason: 'length', newTokens: idsOf(text).length })
  assert.equal((await collect(idsOf('🙂').slice(0, 2))).text, '�')
})

test('an answer ends before a stop string across tokens, which is never given out in part, and the request is left', async () => {
  const found = await collect(idsOf('one ENd END two'), ['END'])
  assert.equal(found.text, 'one ENd ')
  for (const piece of found.texts) assert.ok(!/E$|EN$/.test(piece), `"${piece}"`)
  assert.deepEqual(found.tokens, idsOf('one ENd '))
  assert.deepEqual(found.end, { kind: 'end', reason: 'stop', newTokens: 'one ENd END'.length })
  assert.ok(found.left)
  assert.equal((await collect(idsOf('one EN'), ['END'])).text, 'one EN')
})

test('stop ids and ids that the tokenizer lacks have no text, but are among the tokens', async () => {
  const found = await collect([...idsOf('ab'), 300, 10], [], [10])
  assert.equal(found.text, 'ab')
  assert.deepEqual(found.tokens, [...idsOf('ab'), 300, 10])
})

test('random texts and stop strings: the text is what precedes the first stop string, whatever the tokens', async () => {
  const next = numbers(8)
  const letters = ['a', 'b', 'é', '🙂']
  const word = (length: number) => Array.from({ length }, () => letters[Math.floor(next() * letters.length)]).join('')
  for (let round = 0; round < 200; round++) {
    const [text, stop] = [word(12), [word(1 + Math.floor(next() * 3)), word(3)]]
    // The stop string that is complete first ends the text.
    const characters = [...text]
    const ends = characters.findIndex((_, i) =>
      stop.some((each) =>
        characters
          .slice(0, i + 1)
          .join('')
          .includes(each),
      ),
    )
    const begins = stop.map((each) =>
      characters
        .slice(0, ends + 1)
        .join('')
        .indexOf(each),
    )
    const at = ends < 0 ? text.length : Math.min(...begins.filter((each) => each >= 0))
    const found = await collect(idsOf(text), stop)
    assert.equal(found.text, text.slice(0, at), `${text} before ${stop.join()}`)
    assert.deepEqual(found.tokens, idsOf(text.slice(0, at)))
  }
})
