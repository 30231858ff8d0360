/** POST /tokenize and /detokenize, GET /tokenizer_info: those of vLLM that lm-evaluation-harness uses. */
import type { FastifyInstance } from 'fastify'
import { readyModel, type AppState } from '../state.js'
import { readModel } from '../read/completion.js'
import { booleanField, checkKnown, objectOf, shown, wrong } from '../read/fields.js'
import { invalid } from '../api-error.js'
import { checkModel } from './models.js'

export function addTokenizerRoutes(app: FastifyInstance, state: AppState): void {
  app.post('/tokenize', ({ body }) => {
    const model = readyModel(state)
    const json = objectOf(body)
    // Byte-level BPE adds no tokens of its own: add_special_tokens has no effect.
    checkKnown(json, ['model', 'prompt', 'add_special_tokens'], {})
    checkModel(model, readModel(json))
    booleanField(json, 'add_special_tokens', false)
    const { prompt } = json
    if (typeof prompt !== 'string') throw wrong('prompt', 'a text', prompt)
    const tokens = Array.from(model.tokenizer.encode(prompt))
    return { tokens, count: tokens.length, max_model_len: model.engine.capacity }
  })

  app.post('/detokenize', ({ body }) => {
    const model = readyModel(state)
    const json = objectOf(body)
    checkKnown(json, ['model', 'tokens'], {})
    checkModel(model, readModel(json))
    const { tokens } = json
    if (!Array.isArray(tokens)) throw wrong('tokens', 'a list of token ids', tokens)
    const { vocabSize } = model.tokenizer
    const odd: unknown = tokens.find(
      (id) => !(Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabSize),
    )
    if (odd !== undefined)
      throw invalid('tokens', `tokens must be integers in [0, ${vocabSize}), the tokenizer's ids (got ${shown(odd)})`)
    return { prompt: model.tokenizer.decode(tokens as number[]) }
  })

  app.get('/tokenizer_info', () => {
    const { roles, template, tokenizer, engine } = readyModel(state)
    return {
      tokenizer_class: 'GPT2TokenizerFast',
      ...roles,
      chat_template: template?.source ?? null,
      vocab_size: tokenizer.vocabSize,
      model_max_length: engine.capacity,
    }
  })
}
