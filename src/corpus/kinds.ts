/** Which files are text, by the ends of their names (in any case), and what to do about those that are not. */
import { basename } from '../files/index.js'

/** 'text': one document a file. 'lines': a JSON object a line. */
export type TextKind = 'text' | 'lines'

const kinds: Readonly<Record<string, TextKind>> = {
  '.txt': 'text',
  '.text': 'text',
  '.md': 'text',
  '.markdown': 'text',
  '.rst': 'text',
  '.jsonl': 'lines',
  '.ndjson': 'lines',
}

const packings = ['.gz', '.zst'] as const

/** Archives and documents that other programs turn into text first. */
const unpackers: Readonly<Record<string, string>> = {
  '.xz': 'unpack .xz with `xz -d`',
  '.lzma': 'unpack .lzma with `xz -d`',
  '.bz2': 'unpack .bz2 with `bunzip2`',
  '.lz4': 'unpack .lz4 with `lz4 -d`',
  '.br': 'unpack .br with `brotli -d`',
  '.z': 'unpack .Z with `uncompress`',
  '.zip': 'unpack .zip with `unzip`',
  '.7z': 'unpack .7z with `7z x`',
  '.rar': 'unpack .rar with `unrar x`',
  '.tar': 'unpack .tar with `tar -xf`',
  '.tgz': 'unpack .tgz with `tar -xzf`',
  '.tbz2': 'unpack .tbz2 with `tar -xjf`',
  '.txz': 'unpack .txz with `tar -xJf`',
  '.pdf': 'convert .pdf with `pdftotext`',
  '.doc': 'convert .doc to .txt',
  '.docx': 'convert .docx with `pandoc -t plain`',
  '.odt': 'convert .odt with `pandoc -t plain`',
  '.epub': 'convert .epub with `pandoc -t plain`',
  '.rtf': 'convert .rtf with `pandoc -t plain`',
  '.html': 'convert .html with `pandoc -t plain`',
  '.htm': 'convert .htm with `pandoc -t plain`',
  '.json': 'rename .json to .jsonl where each line is an object; make .jsonl of a list with `jq -c ".[]"`',
  '.csv': 'make .jsonl of .csv, with the text under one key',
  '.tsv': 'make .jsonl of .tsv, with the text under one key',
  '.parquet': 'make .jsonl of .parquet, with the text under one key',
  '.arrow': 'make .jsonl of .arrow, with the text under one key',
}
/** Text that is settings or markup rather than a text to learn from. */
const others = new Set(['.xml', '.yaml', '.yml', '.toml', '.ini', '.svg', '.css', '.tfrecords', '.safetensors'])

/** How a file is packed, by its name. */
export function packingOf(path: string): '' | '.gz' | '.zst' {
  const name = path.toLowerCase()
  return packings.find((packing) => name.endsWith(packing)) ?? ''
}

/** The end of the name before that of the packing, in lower case: '.txt' of A.TXT.gz. '' where there is none. */
export function endingOf(path: string): string {
  const name = basename(path).toLowerCase()
  const unpacked = name.slice(0, name.length - packingOf(path).length)
  const dot = unpacked.lastIndexOf('.')
  return dot > 0 ? unpacked.slice(dot) : ''
}

/** How a file is read, by its name; 'no text' for a format of another kind; undefined where only its bytes can say. */
export function kindOf(path: string): TextKind | 'no text' | undefined {
  const ending = endingOf(path)
  if (ending in kinds) return kinds[ending]
  return ending in unpackers || others.has(ending) ? 'no text' : undefined
}

/** What to do about a file whose name says that it is no text. */
export function remedyFor(path: string): string {
  return unpackers[endingOf(path)] ?? 'rename it to .txt to read it as plain text'
}

/** Names of files that are read whatever is in them, for messages. */
export const knownEndings = `${Object.keys(kinds).join(', ')}, each also with ${packings.join(' or ')}`
