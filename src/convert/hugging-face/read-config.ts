/**
 * GPT-Neo's config from the config.json of Hugging Face's GPT-Neo. What GPT-Neo cannot express is refused, since
 * something else would be computed in silence. Source: transformers models/gpt_neo/configuration_gpt_neo.py.
 */
import { z } from 'zod'
import { parseModelConfig, type ModelConfig } from '../../config/index.js'
import { activations, compress, countLayers, expand, kindsOfBoth, layerNormEpsilon, refused } from './terms.js'

const size = z.number().int().min(1)
const types = z.array(z.tuple([z.array(z.string()), size]))

/** The keys that say what is computed, with the defaults of transformers, which older folders rely on. */
const schema = z.looseObject({
  model_type: z.literal('gpt_neo'),
  vocab_size: size.default(50257),
  max_position_embeddings: size.default(2048),
  hidden_size: size.default(2048),
  num_layers: size.optional(),
  /** The name that transformers' other models use, which it takes too. */
  num_hidden_layers: size.optional(),
  num_heads: size.optional(),
  num_attention_heads: size.optional(),
  attention_types: types.nullish(),
  attention_layers: z.array(z.string()).optional(),
  window_size: size.default(256),
  intermediate_size: size.nullish(),
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().default(1e-5),
  embed_dropout: z.number().default(0),
  attention_dropout: z.number().default(0),
  resid_dropout: z.number().default(0),
})

/** GPT-Neo's model config of a Hugging Face config. `source` says in errors where it came from. Throws ConfigError. */
export function configFromHuggingFace(json: unknown, source: string): ModelConfig {
  const parsed = schema.safeParse(json)
  if (!parsed.success)
    throw refused(
      source,
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${wording(issue, json)}`),
    )
  const theirs = parsed.data
  const layers = theirs.num_layers ?? theirs.num_hidden_layers ?? 24
  const listed = theirs.attention_types ? countLayers(theirs.attention_types) : 0
  if (listed > mostLayers)
    throw refused(source, [`attention_types: it must list num_layers layers, ${layers} (got ${listed})`])
  const kinds = kindsOf(theirs)
  const problems: string[] = []
  const problem = (key: string, value: unknown, why: string) =>
    problems.push(`${key}: ${JSON.stringify(value)} is not possible: ${why}`)

  const odd = kinds.find((kind) => !kindsOfBoth.includes(kind))
  if (odd !== undefined) problem('attention_types', odd, `the kinds are ${kindsOfBoth.join(' and ')}`)
  if (kinds.length !== layers) problem('num_layers', layers, `attention_types lists ${kinds.length} layers`)
  if (
    theirs.attention_types &&
    theirs.attention_layers &&
    theirs.attention_layers.join() !== expand(theirs.attention_types).join()
  )
    problem('attention_layers', theirs.attention_layers, 'attention_types lists other layers')
  if (theirs.intermediate_size && theirs.intermediate_size !== 4 * theirs.hidden_size)
    problem(
      'intermediate_size',
      theirs.intermediate_size,
      `GPT-Neo's is 4 times hidden_size, ${4 * theirs.hidden_size}`,
    )
  if (!Object.hasOwn(activations, theirs.activation_function))
    problem(
      'activation_function',
      theirs.activation_function,
      theirs.activation_function === 'gelu'
        ? 'it is the exact form; GPT-Neo has the tanh form, gelu_new'
        : `GPT-Neo has no such function; both have ${Object.keys(activations).join(', ')}`,
    )
  if (theirs.layer_norm_epsilon !== layerNormEpsilon)
    problem('layer_norm_epsilon', theirs.layer_norm_epsilon, `GPT-Neo's is ${layerNormEpsilon}`)
  if (theirs.quantization_config != null)
    problem('quantization_config', 'quantized', 'save the model in full precision')
  if (problems.length > 0) throw refused(source, problems)

  // Dropouts of 0 are left out: they are the default, and explicit ones would add notes.
  const dropouts = {
    embed_dropout: theirs.embed_dropout,
    attn_dropout: theirs.attention_dropout,
    res_dropout: theirs.resid_dropout,
  }
  return parseModelConfig(
    {
      n_vocab: theirs.vocab_size,
      n_ctx: theirs.max_position_embeddings,
      n_embd: theirs.hidden_size,
      n_head: theirs.num_heads ?? theirs.num_attention_heads ?? 16,
      n_layer: layers,
      attention_types: theirs.attention_types ?? compress(kinds),
      local_attention_radius: theirs.window_size,
      activation_fn: activations[theirs.activation_function],
      ...Object.fromEntries(Object.entries(dropouts).filter(([, rate]) => rate !== 0)),
    },
    source,
  ).config
}

/** Repeats are expanded up to this many layers, more than any model has. */
const mostLayers = 10_000

/** The kind of each layer, as transformers finds it. */
function kindsOf({ attention_types, attention_layers }: z.infer<typeof schema>): string[] {
  if (attention_types) return expand(attention_types)
  return attention_layers ?? expand([[[...kindsOfBoth], 12]])
}

function wording(issue: z.core.$ZodIssue, json: unknown): string {
  const value = issue.path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], json)
  return value === undefined
    ? 'it is missing'
    : `${JSON.stringify(value)} is wrong: ${issue.message.replace(/^Invalid input: /, '')}`
}
