/** A model with all that requests need of it. */
import { extraTokens, tokenizerFor } from '../convert/index.js'
import { basename, FileError, isFile, join, readJson, resolve } from '../files/index.js'
import { SlotEngine, type LoadedModel, type ModelFromCheckpoint, type SlotOptions } from '../generate/index.js'
import { endOfTextId, loadTokenizer, type Tokenizer } from '../tokenizer/index.js'
import { chatTemplate, findChatTemplate, type ChatTemplate, type NamedTokens } from './chat-template.js'
import type { PromptLimits } from './read/prompts.js'
import { tokenNames, type TokenNames } from './token-names.js'

export interface ModelOptions extends SlotOptions {
  /** Name of the model in the API. @default that of its folder */
  readonly name?: string
  /** The tokenizer, or its path or name. @default the one saved with the model */
  readonly tokenizer?: Tokenizer | string
  /** Jinja template of chat messages. @default that of the tokenizer's folder, if there is one */
  readonly chatTemplate?: string
}

/** Tokens with a role, as tokenizer_config.json names them. */
export interface TokenizerRoles extends NamedTokens {
  readonly pad_token: string | null
  readonly unk_token: string | null
}

export interface ServedModel {
  readonly name: string
  /** Seconds since 1970. */
  readonly created: number
  readonly engine: SlotEngine
  readonly tokenizer: Tokenizer
  readonly names: TokenNames
  readonly limits: PromptLimits
  readonly roles: TokenizerRoles
  readonly template?: ChatTemplate
  /** Messages for people. */
  readonly notes: readonly string[]
}

/** Makes the slots of a loaded model and finds its tokenizer. Throws RangeError, FileError, TokenizerError. */
export async function openServedModel(
  model: LoadedModel & Partial<ModelFromCheckpoint>,
  options: ModelOptions = {},
): Promise<ServedModel> {
  const { name, tokenizer: given, chatTemplate: source, ...slots } = options
  const path = typeof given === 'object' ? undefined : (given ?? (await tokenizerOf(model.folder)))
  const tokenizer = typeof given === 'object' ? given : await loadTokenizer(path!)
  const { n_vocab: vocabSize, eos_id } = model.config
  const eos = endOfTextId(tokenizer, eos_id)
  const roles = await rolesOf(path, eos === undefined ? null : tokenizer.decode([eos]))
  const template = source ?? (path === undefined ? undefined : await findChatTemplate(path))
  const extra = extraTokens(path ?? 'the tokenizer', tokenizer.vocabSize, vocabSize)
  const engine = new SlotEngine(model, slots)
  return {
    name: name ?? (model.folder === undefined ? 'neomesh' : nameOf(model.folder)),
    created: Math.floor(Date.now() / 1000),
    engine,
    tokenizer,
    names: tokenNames(tokenizer),
    limits: { tokenizer, eos, vocabSize, context: engine.capacity },
    roles,
    ...(template !== undefined && { template: chatTemplate(template, roles) }),
    notes: [...(model.notes ?? []), ...tokenizer.notes, ...(extra === undefined ? [] : [extra])],
  }
}

/** The name of a run for one of its checkpoints. */
function nameOf(folder: string): string {
  const path = resolve(folder)
  const run = /^(.*)\/checkpoints\/[^/]+$/.exec(path)
  return basename(run ? run[1] : path)
}

async function tokenizerOf(folder: string | undefined): Promise<string> {
  const found = folder === undefined ? undefined : await tokenizerFor(folder, folder)
  if (found !== undefined) return found
  const where = folder ?? 'the model'
  throw new FileError(`${where} must have a tokenizer.json (got none). Name a tokenizer`, where)
}

/** GPT-Neo begins and ends texts with the same token. */
async function rolesOf(tokenizer: string | undefined, end: string | null): Promise<TokenizerRoles> {
  const given = tokenizer === undefined ? {} : await configBeside(tokenizer)
  const role = (name: string, fallback: string | null) => {
    const value: unknown = given[name]
    const text: unknown = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value
    return typeof text === 'string' ? text : fallback
  }
  return {
    bos_token: role('bos_token', end),
    eos_token: end,
    pad_token: role('pad_token', null),
    unk_token: role('unk_token', null),
  }
}

async function configBeside(tokenizer: string): Promise<Record<string, unknown>> {
  const folder = (await isFile(tokenizer)) ? join(tokenizer, '..') : tokenizer
  const file = join(folder, 'tokenizer_config.json')
  return (await isFile(file)) ? (Object(await readJson(file)) as Record<string, unknown>) : {}
}
