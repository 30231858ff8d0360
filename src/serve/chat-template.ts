/** The chat template of a tokenizer: how messages become a prompt. */
import { Template } from '@huggingface/jinja'
import { invalid } from './api-error.js'

export { findChatTemplate } from '../tokenizer/index.js'

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
