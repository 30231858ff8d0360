import { dirname, isFile, join, readJson, readText } from '../../files/index.js'

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
