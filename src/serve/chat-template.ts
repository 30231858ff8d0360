/** The chat template of a tokenizer: how messages become a prompt. */
import { Template } from '@huggingface/jinja'
import { dirname, isFile, join, readJson, readText } from '../files/index.js'
import { invalid } from './api-error.js'

export interface Message {
  readonly role: string
  readonly content: string
  readonly name?: string
}

/** Tokens that templates name. */
export interface NamedTokens {
  readonly bos_token: string | null
  readonly eos_token: string | null
}

export interface ChatTemplate {
  readonly source: string
  /** The prompt, up to where the assistant's answer begins. Throws ApiError for messages that the template refuses. */
  render(messages: readonly Message[]): string
}

/**
 * The template in the folder of a tokenizer file: chat_template.jinja, or `chat_template` in tokenizer_config.json, as
 * transformers has it. Undefined if there is none.
 */
export async function findChatTemplate(tokenizer: string): Promise<string | undefined> {
  const folder = (await isFile(tokenizer)) ? dirname(tokenizer) : tokenizer
  const file = join(folder, 'chat_template.jinja')
  if (await isFile(file)) return readText(file)
  const config = join(folder, 'tokenizer_config.json')
  if (!(await isFile(config))) return undefined
  const { chat_template: given } = Object(await readJson(config)) as { chat_template?: unknown }
  if (typeof given === 'string') return given
  if (!Array.isArray(given)) return undefined
  const named = given as readonly { name?: unknown; template?: unknown }[]
  const { template } = named.find(({ name }) => name === 'default') ?? {}
  return typeof template === 'string' ? template : undefined
}

/** Throws RangeError for a template that is not valid Jinja. */
export function chatTemplate(source: string, tokens: NamedTokens): ChatTemplate {
  const template = parse(source)
  return {
    source,
    render(messages) {
      try {
        return template.render({
          messages: messages.map((message) => ({ ...message })),
          add_generation_prompt: true,
          // Jinja prints null as None.
          bos_token: tokens.bos_token ?? '',
          eos_token: tokens.eos_token ?? '',
        })
      } catch (error) {
        // Templates reject orders of roles by raise_exception, whose text is the template's.
        const [line] = (error instanceof Error ? error.message : String(error)).split('\n')
        throw invalid(
          'messages',
          `messages must be as the chat template expects (got an error from it: ${line.slice(0, 200)})`,
        )
      }
    },
  }
}

function parse(source: string): Template {
  try {
    return new Template(source)
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new RangeError(`the chat template must be valid Jinja (got: ${line.slice(0, 200)}). Name another template`)
  }
}
