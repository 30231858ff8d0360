/** Which TensorFlow checkpoint a path stands for. */
import {
  basename,
  escapeGlob,
  FileError,
  globFiles,
  isAbsolute,
  isCloudPath,
  isFile,
  isFolder,
  join,
  readText,
  withFileErrors,
} from '../../files/index.js'

/**
 * The prefix that a checkpoint's files share, from that prefix itself, from one of its files, or from a folder: there
 * the text file `checkpoint` names the latest. Throws FileError.
 */
export async function findTensorflowPrefix(path: string): Promise<string> {
  if (await isFolder(path)) return latestIn(path)
  const prefix = path.replace(/\.(index|meta|data-\d{5}-of-\d{5})$/, '')
  if (await isFile(`${prefix}.index`)) return prefix
  if (await isFile(prefix))
    throw new FileError(
      `${path} is no TensorFlow V2 checkpoint: it is one file, and there is no ${prefix}.index. ` +
        'One in the older V1 format has to be saved again as V2',
      path,
    )
  throw new FileError(
    `there is no ${prefix}.index. Give the path that a checkpoint's .index and .data files share, or its folder`,
    path,
    'ENOENT',
  )
}

async function latestIn(folder: string): Promise<string> {
  const list = join(folder, 'checkpoint')
  if (!(await isFile(list))) return onlyOneIn(folder)
  const text = await withFileErrors('read', list, () => readText(list))
  const quoted = /^\s*model_checkpoint_path\s*:\s*"((?:[^"\\]|\\.)*)"/m.exec(text)?.[1]
  if (quoted === undefined)
    throw new FileError(`${list} names no model_checkpoint_path. Give the checkpoint's prefix itself`, list)
  const named = unescape(quoted)
  // An absolute path is of the machine that trained, or of its bucket; the files have moved together with this one.
  const beside = join(folder, basename(named))
  const elsewhere = isCloudPath(named) === isCloudPath(folder) ? [named] : []
  const candidates = isAbsolute(named) ? [beside, ...elsewhere] : [join(folder, named), beside]
  for (const prefix of candidates) if (await isFile(`${prefix}.index`)) return prefix
  throw new FileError(
    `${list} names "${named}", but there is no ${beside}.index. Copy it there, or give another prefix`,
    list,
  )
}

async function onlyOneIn(folder: string): Promise<string> {
  const found = (await globFiles(join(escapeGlob(folder), '*.index'))).map((file) => file.slice(0, -'.index'.length))
  if (found.length === 1) return found[0]
  throw new FileError(
    found.length === 0
      ? `${folder} holds no TensorFlow checkpoint: neither a file named checkpoint nor one that ends in .index`
      : `${folder} has no file named checkpoint that says which is the latest. Give one of ${found.join(', ')}`,
    folder,
  )
}

/** Text as protocol buffers write it in text form: \" and \\, and bytes beyond ASCII as \ooo. */
function unescape(text: string): string {
  const latin1 = Buffer.from(text, 'utf8').toString('latin1')
  const bytes = latin1.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : ({ n: '\n', t: '\t', r: '\r' }[code] ?? code),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
