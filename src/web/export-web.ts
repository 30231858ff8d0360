/** `neomesh export web`: a model as a static web page. */
import { extraTokens, followed, openModel, sumOfElements, tokenizerToExport } from '../convert/index.js'
import type { ConvertOptions, ConvertTotals, OpenModel } from '../convert/index.js'
import {
  basename,
  FileError,
  isCloudPath,
  join,
  packageFolder,
  readFile,
  resolve,
  writeFileAtomic,
  writeFolderAtomic,
  writeSafetensors,
} from '../files/index.js'
import { modelShape, parametersOf, nextTokenProblem } from '../model/index.js'
import { loadTokenizer, tokenizerJson } from '../tokenizer/index.js'
import { findCheckpoint, openCheckpoint, type Checkpoint } from '../train/index.js'
import { files, type About } from './messages.js'

export interface ExportWebOptions extends ConvertOptions {
  /** Path or name of the tokenizer. @default the run's */
  readonly tokenizer?: string
}

/** Files that the build makes from page/. */
const pageFiles = ['index.html', 'style.css', 'page.js', 'worker.js']
const pageFolder = join(packageFolder, 'dist/src/web/page')

/** Maximum size of the weights, in bytes: while loading, a page holds them twice. */
const LARGEST = 2 ** 30

/**
 * Writes a checkpoint (or the newest one of a run) as a static folder, whose index.html samples from it in a browser:
 * the page, the weights (f32) and tokenizer.json. The folder is written atomically; an older export is replaced.
 * Throws FileError, TokenizerError, or the signal's reason.
 */
export async function exportWeb(path: string, output: string, options: ExportWebOptions = {}): Promise<ConvertTotals> {
  const checkpoint = await openCheckpoint(await findCheckpoint(path))
  let base: OpenModel | undefined
  try {
    const { manifest } = checkpoint
    // Adapters are merged into their base.
    if (manifest.base !== undefined) base = await openModel(path)
    const { config, read } = base ?? checkpoint
    const variables = followed(variablesOf({ config, read }), options)
    const parameters = sumOfElements(variables)
    checkSize(path, parameters)
    const problem = nextTokenProblem(config)
    if (problem !== null) throw new FileError(`${path} ${problem}. It cannot continue a text`, path)
    const { tokenizer, notes } = await tokenizerToExport(path, checkpoint, options.tokenizer)
    if (tokenizer === undefined)
      throw new FileError(`${path} has no tokenizer.json. Name a tokenizer with --tokenizer`, path)
    const { vocabSize, notes: tokenizerNotes } = await loadTokenizer(tokenizer)
    const extra = extraTokens(tokenizer, vocabSize, config.n_vocab)
    const mayReplace = (name: string) => [...pageFiles, ...Object.values(files)].includes(name)
    await writeFolderAtomic(output, { overwrite: true, mayReplace }, async (folder) => {
      for (const name of pageFiles) await writeFileAtomic(join(folder, name), await readFile(join(pageFolder, name)))
      await writeFileAtomic(join(folder, files.tokenizer), await tokenizerJson(tokenizer))
      const name = basename(resolve(path))
      const about: About = { format: 'neomesh web 1', name, step: manifest.step, parameters, config }
      await writeFileAtomic(join(folder, files.about), `${JSON.stringify(about, null, 1)}\n`)
      await writeSafetensors(join(folder, files.weights), variables.map(stored))
      options.signal?.throwIfAborted()
    })
    const allNotes = [...notes, ...tokenizerNotes, ...(extra === undefined ? [] : [extra]), howToShow(output)]
    return { output, tensors: variables.length, parameters, bytes: 4 * parameters, notes: allNotes }
  } finally {
    await base?.close()
    await checkpoint.close()
  }
}

function variablesOf({ config, read }: Pick<Checkpoint, 'config' | 'read'>) {
  const specs = parametersOf(modelShape(config, { batch: 1 }), 'unroll')
  return specs.map(({ name, shape }) => ({ name, shape, data: () => read(name, shape) }))
}

function howToShow(folder: string): string {
  if (!isCloudPath(folder)) return `to view it, run a static server: python3 -m http.server --directory ${folder}`
  const address = `https://storage.googleapis.com/${folder.slice('gs://'.length)}/index.html`
  return `readers of the bucket can view it at ${address}, or with a static server from a local copy`
}

type Variable = ReturnType<typeof variablesOf>[number]

function stored({ name, shape, data }: Variable) {
  const bytes = async () => {
    const numbers = await data()
    return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  }
  return { name, shape, dtype: 'F32' as const, data: bytes }
}

function checkSize(path: string, parameters: number): void {
  if (4 * parameters <= LARGEST) return
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  throw new FileError(
    `${path} must have at most ${gigabytes(LARGEST)} of weights for a page (got ${gigabytes(4 * parameters)}, ` +
      `${parameters.toLocaleString('en-US')} parameters). Export a smaller model`,
    path,
  )
}
