/**
 * Recognises by its first bytes a file that is not of the kind a reader needs, such as a failed download, and names the
 * remedy. Sources: git-lfs docs/spec.md, PKWARE APPNOTE (zip), RFC 1952 (gzip), RFC 8878 (zstd),
 * pickle.py (PROTO), ggml docs/gguf.md, numpy.lib.format, HDF5 format specification.
 */
import { openFile } from './access.js'
import { FileError, withFileErrors } from './error.js'

/** The kinds that readers need, in words that complete "must be". */
const needed = {
  json: 'a JSON file',
  safetensors: 'a safetensors file',
  tfrecord: 'a TFRecord file',
  tensorflow: 'a part of a TensorFlow checkpoint',
  text: 'a text file',
  gzip: 'a gzip archive',
  zstd: 'a zstd archive',
} as const
export type NeededKind = keyof typeof needed

/** Bytes from the start of a file that are enough to recognise its kind. */
export const headBytes = 1024

interface Kind {
  readonly what: string
  readonly remedy: string
  /** Readers that accept it, or cannot distinguish it from what they accept. */
  readonly fits?: readonly NeededKind[]
  is(head: Buffer, size: number): boolean
}

const again = 'Download or copy the file again'
const unpack = (command: string) => `Unpack it first: ${command}`
const startsWith =
  (...bytes: number[]) =>
  (head: Buffer) =>
    bytes.every((byte, i) => head[i] === byte)
const begins = (pattern: RegExp) => (head: Buffer) => pattern.test(head.toString('latin1'))

/** How to convert a torch pickle to safetensors; transformers knows which weights are tied. */
export const pickleRemedy = (folder: string) =>
  'Convert it in Python to safetensors: from transformers import AutoModelForCausalLM; ' +
  `AutoModelForCausalLM.from_pretrained(${JSON.stringify(folder)}).save_pretrained(${JSON.stringify(folder)}, ` +
  'safe_serialization=True)'
const pickle = 'Only Python can read it. ' + pickleRemedy('FOLDER')

const kinds: readonly Kind[] = [
  // First, since the bytes of its header length may look like any other kind.
  {
    what: 'a safetensors file',
    remedy: 'Give a file of the right kind',
    fits: ['safetensors'],
    is: (head) => head.length > 9 && head[8] === 0x7b && head.readBigUInt64LE() <= 100_000_000n && head[9] !== 0,
  },
  { what: 'an empty file', remedy: again, fits: ['tfrecord', 'text'], is: (_, size) => size === 0 },
  {
    what: 'a Git LFS pointer',
    remedy:
      'Run `git lfs install && git lfs pull` in the cloned repository, or download the file itself, such as by `hf download`',
    is: begins(/^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//),
  },
  {
    what: 'an HTML page, such as of a login or an error',
    remedy: again,
    fits: ['text'],
    is: begins(/^(\xef\xbb\xbf)?\s*<(!doctype|html|head|body)\b/i),
  },
  { what: 'an XML document, such as an error of a server', remedy: again, fits: ['text'], is: begins(/^\s*<\?xml\b/i) },
  {
    what: "a server's error in JSON",
    remedy: again,
    fits: ['text'],
    is: (head, size) =>
      size < headBytes && /^\s*\{\s*"(error|errors|message|detail)"\s*:\s*["[{]/.test(head.toString('latin1')),
  },
  {
    what: "a server's error in words",
    remedy: again,
    fits: ['text'],
    is: (head, size) =>
      size < headBytes &&
      /^\s*(entry not found|repository not found|invalid username or password|access to model|(404:? ?)?not found|access ?denied|forbidden|unauthorized)/i.test(
        head.toString('latin1'),
      ),
  },
  {
    what: 'a torch pickle in a zip archive',
    remedy: pickle,
    is: (head) =>
      isZip(head) && /^[^\0]{0,200}?\/(data\.pkl|\.format_version|\.data\/)/.test(head.toString('latin1', 30)),
  },
  {
    what: 'arrays of NumPy in a zip archive',
    remedy: 'Save them in Python as safetensors',
    is: (head) => isZip(head) && /^[^\0/]{1,200}?\.npy/.test(head.toString('latin1', 30)),
  },
  { what: 'a zip archive', remedy: unpack('unzip FILE'), is: isZip },
  { what: 'a gzip archive', remedy: unpack('gunzip FILE'), fits: ['gzip'], is: startsWith(0x1f, 0x8b) },
  { what: 'a zstd archive', remedy: unpack('zstd -d FILE'), fits: ['zstd'], is: isZstd },
  { what: 'a bzip2 archive', remedy: unpack('bunzip2 FILE'), is: begins(/^BZh[1-9]1AY&SY/) },
  { what: 'an xz archive', remedy: unpack('unxz FILE'), is: startsWith(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0) },
  { what: 'a tar archive', remedy: unpack('tar xf FILE'), is: (head) => head.toString('latin1', 257, 262) === 'ustar' },
  { what: 'a pickle of Python', remedy: pickle, is: (head) => head[0] === 0x80 && head[1] >= 2 && head[1] <= 5 },
  {
    what: 'a GGUF model of llama.cpp',
    remedy: "Download the model's safetensors instead",
    is: begins(/^(GGUF|ggml|lmgg|fmgg|tjgg|algg)/),
  },
  { what: 'an array of NumPy', remedy: 'Save it in Python as safetensors', is: begins(/^\x93NUMPY/) },
  {
    what: 'an HDF5 file, as TensorFlow and Keras write',
    remedy: "Download the model's safetensors instead",
    is: startsWith(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10),
  },
  {
    what: 'UTF-16 text',
    remedy: 'Save it as UTF-8',
    fits: ['text', 'gzip', 'zstd', 'tfrecord', 'tensorflow'],
    is: (head) => startsWith(0xff, 0xfe)(head) || startsWith(0xfe, 0xff)(head),
  },
]

/**
 * The kind of a file, if it is recognised and the reader cannot use it. `size`: bytes of the file. TFRecords and
 * checkpoint data begin with arbitrary bytes: call this only after they have been found invalid.
 */
export function foreignKind(
  head: Buffer,
  size: number,
  kind: NeededKind,
): { what: string; remedy: string } | undefined {
  const found = kinds.find(({ is }) => is(head, size))
  return found?.fits?.includes(kind) ? undefined : found
}

/** Throws FileError if a file's first bytes show another kind than the reader needs. `size`: bytes of the file. */
export function refuseForeign(path: string, head: Buffer, size: number, kind: NeededKind): void {
  const foreign = foreignKind(head, size, kind)
  if (foreign !== undefined)
    throw new FileError(`${path} must be ${needed[kind]} (got ${foreign.what}). ${foreign.remedy}`, path)
}

/** The same for a file by its path. Throws FileError also if it cannot be read. */
export async function refuseForeignFile(path: string, kind: NeededKind): Promise<void> {
  const [head, size] = await withFileErrors('read', path, async () => {
    const file = await openFile(path)
    try {
      return [await file.read(0, Math.min(headBytes, file.size)), file.size] as const
    } finally {
      await file.close()
    }
  })
  refuseForeign(path, head, size, kind)
}

function isZip(head: Buffer): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6))
}

/** A zstd frame or a skippable frame. */
function isZstd(head: Buffer): boolean {
  if (head.length < 4) return false
  const magic = head.readUInt32LE()
  return magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50
}
