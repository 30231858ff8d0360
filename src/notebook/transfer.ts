/** Files between a notebook and the user's computer: one file down, texts and archives up. */
import { unzipSync, zipSync, type Zippable } from 'fflate'
import {
  basename,
  dirname,
  FileError,
  isFolder,
  join,
  listFiles,
  makeFolder,
  readFile,
  relative,
  storageUse,
  withFileErrors,
  writeFileAtomic,
} from '../files/index.js'
import { randomHex, runtime } from '../runtime/index.js'
import { bytes as shownBytes } from '../text/format.js'
import { interruptSignal } from './interrupt.js'
import { html, liveDisplay, type Displayable } from './show.js'

/** Weights are random numbers to a compressor. */
const STORED = /\.(safetensors|zip|gz|tfrecords)$/

/**
 * A run, a model, a data set or a tokenizer as one file: a folder becomes a .zip, without hidden files. In a browser a link that
 * downloads it; in Node the .zip is written beside the folder. Throws FileError.
 */
export async function download(path: string): Promise<Displayable> {
  const packed = await isFolder(path)
  const name = packed ? `${basename(path)}.zip` : basename(path)
  if (runtime.kind === 'node') {
    const target = packed ? join(dirname(path), name) : path
    if (packed) await writeFileAtomic(target, await zipFolder(path))
    return html(`The file is ${target}`)
  }
  const contents = packed ? await zipFolder(path) : await withFileErrors('read', path, () => readFile(path))
  const address = URL.createObjectURL(new Blob([contents as Uint8Array<ArrayBuffer>]))
  const size = shownBytes(contents.length)
  return html(`Download <a href="${address}" download="${escape(name)}">${escape(name)}</a> (${size})`)
}

/** The files of a folder as the bytes of a .zip, under the folder's name. Throws FileError. */
export async function zipFolder(path: string): Promise<Uint8Array> {
  const entries: Zippable = {}
  for (const file of await listFiles(path)) {
    const contents = await withFileErrors('read', file, () => readFile(file))
    entries[`${basename(path)}/${relative(path, file).replaceAll('\\', '/')}`] = [
      contents,
      { level: STORED.test(file) ? 0 : 6 },
    ]
  }
  if (Object.keys(entries).length === 0) throw new FileError(`${path} must have files (it has none)`, path)
  return zipSync(entries)
}

/** Writes the files of a .zip into a folder. Returns their paths. Throws FileError. */
export async function unzipInto(folder: string, name: string, archive: Uint8Array): Promise<string[]> {
  let entries: Record<string, Uint8Array>
  try {
    entries = unzipSync(archive)
  } catch (cause) {
    const message = `${name} must be a .zip archive (${(cause as Error).message}). Make it again, or upload its files`
    throw new FileError(message, name, undefined, { cause })
  }
  const written: string[] = []
  for (const [entry, contents] of Object.entries(entries)) {
    if (entry.endsWith('/')) continue
    // Below the folder, whatever the archive says.
    const path = join(folder, join('/', entry.replaceAll('\\', '/')))
    await makeFolder(dirname(path))
    await writeFileAtomic(path, contents)
    written.push(path)
  }
  return written
}

/** A file that the user chose in the page. */
type ChosenFile = Blob & { readonly name: string }

/**
 * Files from the user's computer, in a folder; archives (.zip) are unpacked. In a browser it shows a field to choose files or
 * drop them on, and waits for them if the folder is empty; in Node it returns the files that the folder has. Returns all paths
 * below the folder. Throws FileError, also for storage that is full, or the reason of an interrupt.
 */
export async function upload(folder: string): Promise<string[]> {
  await makeFolder(folder)
  const present = await listFiles(folder)
  if (runtime.kind === 'node') {
    if (present.length === 0) console.log(`Put files into the folder ${folder}, and run the cell again.`)
    return present
  }
  const view = liveDisplay()
  const channelName = `neomesh upload ${randomHex(8)}`
  const channel = new BroadcastChannel(channelName)
  const send = `(async () => { const channel = new BroadcastChannel('${channelName}'); channel.postMessage([...this.files]); channel.close() })()`
  const show = async (files: readonly string[], problem = '') => {
    const use = await storageUse()
    const text = [
      `${files.length} files in ${folder}`,
      ...(use === null ? [] : [`${shownBytes(use.used)} of ${shownBytes(use.quota)} of the browser's storage used`]),
      ...(problem === '' ? [] : [problem]),
    ].join('; ')
    const field = `<input type="file" multiple onchange="${send.replaceAll('"', '&quot;')}">`
    view.update({
      'text/html': `<label>Choose files, or drop them here: ${field}</label> ${escape(text)}`,
      'text/plain': text,
    })
  }
  const signal = interruptSignal()
  await show(present)
  return new Promise((resolve, reject) => {
    if (present.length > 0) resolve(present)
    const end = () => {
      channel.close()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', end, { once: true })
    ;(channel as unknown as { onmessage: (event: { data: ChosenFile[] }) => void }).onmessage = ({ data }) => {
      receive(folder, data)
        .then(async (files) => {
          await show(files)
          signal.removeEventListener('abort', end)
          resolve(files)
        })
        .catch(async (cause: Error) => {
          await show([], cause.message)
          reject(cause)
        })
    }
  })
}

async function receive(folder: string, files: readonly ChosenFile[]): Promise<string[]> {
  for (const file of files) {
    const contents = new Uint8Array(await file.arrayBuffer())
    if (/\.zip$/i.test(file.name)) await unzipInto(folder, file.name, contents)
    else await writeFileAtomic(join(folder, basename(file.name)), contents)
  }
  return listFiles(folder)
}

const escape = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)
